"""What is made from the programs for the documents: pictures."""
