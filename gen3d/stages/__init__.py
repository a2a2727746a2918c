"""The paper, one file per step; each a generator of events that returns its product."""
