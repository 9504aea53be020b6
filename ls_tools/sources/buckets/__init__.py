"""Objects in buckets, had from the store itself with credentials of one's own."""
