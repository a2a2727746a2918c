"""The world painter: a sentence becomes a small world, the world a picture with its depth; by rule, on a processor.

    words.py      WORDS: every word that is known           phrases.py     a sentence cut into its phrases
    grammar.py    phrases -> a Description (asked.py)       telling.py     what was understood, and what was not
    places/       PLACES: a kind of place each              objects/       OBJECTS: a kind of thing each
    setting.py    a place before things stand in it         placing.py     where they stand: sites, crowding, spots
    daylight.py   times of the day and weather as light     materials.py   LOOKS: kinds of surfaces
    world.py      a Description -> a World                   shapes.py      what a world is made of
    light/        rays, patterns, picture (compiled)        painting.py    all of it, with the truth about it

docs/painter.md lists the words, and says how one is added.
"""
