"""What tests share: the worlds they play in, and the programs they look at."""
