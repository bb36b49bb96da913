"""What tests and checks showed about a piece of code, as a chip and a sheet."""
