"""What authors of exercises use: stubs from references, submissions from wrong and accepted answers."""
