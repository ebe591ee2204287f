"""Leases into occupancy: what a portfolio's own history says of tenants, and joint paths of every lease.

Belongs here: frames and arrays in, frames and arrays out. Not here: reading rent rolls (assets/rent_roll), writing
tables (assets/outlook).
"""
