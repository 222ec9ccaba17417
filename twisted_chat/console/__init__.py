"""What the terminal client and the text door both say: parsing, dialogues and sentences."""
