"""Tests of what people at plain terminals type and read."""
