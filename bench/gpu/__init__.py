"""What a card makes of it all: `python -m bench.gpu`."""
