"""Data sets of many scenes: views of each, packed for training, with a split and a card."""
