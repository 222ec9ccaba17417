"""What is SQLite's alone: the database file, connections to it, and SQL that only it understands.

The rest of the store is written in SQLAlchemy Core and, where a statement is written out because
it runs so often, in SQL that other engines understand too.
"""
