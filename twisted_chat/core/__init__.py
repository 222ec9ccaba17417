"""The domain: plain objects, without a network, a disk or a clock."""
