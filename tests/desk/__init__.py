"""What a person types and reads at a client, without any terminal."""
