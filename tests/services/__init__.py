"""Real servers, and faults in front of them, for the tests."""
