"""Measurements that a person runs by `make bench`: each module prints one table. No tests here."""
