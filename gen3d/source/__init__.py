"""From what somebody gave to the `Source` that the stages work on: a photo or a sentence, its depth, its lens."""
