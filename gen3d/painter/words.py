"""WORDS: every word the painter knows, by what it is for. Nothing else lists them.

A row is `key: "phrase, phrase, ..."`: the key is what is meant, the phrases are what people write, in the singular; the
plural follows by rule or stands in PLURALS. The longest phrase that fits is taken. To teach the painter a word, add it
to a row; for a new thing or place add a row, and who builds it in `objects/` or `places/`. tests/test_painter.py holds
that all rows are built and that no phrase means two things.
"""

from __future__ import annotations

from typing import Literal

Role = Literal[
    "place", "thing", "part", "colour", "tone", "material", "size", "time", "weather", "season", "mood", "count",
    "where", "relation", "no", "with", "it", "and", "skip",
]  # fmt: skip

WORDS: dict[Role, dict[str, str]] = {
    "place": {
        "room": "room, living room, sitting room, lounge, parlour, parlor, interior, indoors, apartment, flat",
        "bedroom": "bedroom, bed room, guest room, nursery",
        "kitchen": "kitchen, cooking room",
        "library": "library, study, reading room, book room, bookshop",
        "hall": "hall, great hall, museum, gallery, temple, palace, ballroom, throne room",
        "table top": "table top, tabletop, still life, desktop, worktop",
        "street": "street, road, alley, lane, town, city, old town, avenue",
        "village": "village, hamlet, farm, countryside village",
        "meadow": "meadow, hill, field, grassland, countryside, pasture, valley, prairie, lawn, landscape",
        "mountains": "mountain, alps, peak, mountain range, highland",
        "coast": "coast, beach, sea, ocean, shore, seaside, bay, island, seashore",
        "lake": "lake, water, pond, lakeside, lakeshore, riverbank, river",
        "forest": "forest, wood, woodland, jungle, grove, glade, clearing",
        "desert": "desert, dune, sahara, sand dune",
        "snow": "snowfield, snowy field, snow field, arctic, tundra, winter landscape, snowy landscape",
        "garden": "garden, park, backyard, yard, terrace, patio, courtyard",
    },
    "thing": {
        "sofa": "sofa, couch, settee",
        "armchair": "armchair, easy chair, recliner",
        "chair": "chair, stool",
        "table": "table, desk, dining table, coffee table",
        "bench": "bench, park bench",
        "bed": "bed",
        "shelf": "shelf, bookshelf, bookcase, sideboard",
        "wardrobe": "wardrobe, cupboard, closet, cabinet, dresser",
        "lamp": "lamp, floor lamp, reading lamp, standard lamp",
        "candle": "candle",
        "rug": "rug, carpet",
        "painting": "painting, picture frame, framed picture, poster",
        "clock": "clock, wall clock",
        "mirror": "mirror",
        "fireplace": "fireplace, hearth, chimneypiece",
        "stove": "stove, oven, cooker",
        "fridge": "fridge, refrigerator",
        "piano": "piano, grand piano",
        "television": "television, tv, screen, tv set",
        "globe": "globe",
        "vase": "vase, urn",
        "bowl": "bowl, dish",
        "cup": "cup, mug, teacup, coffee cup",
        "bottle": "bottle, wine bottle, flask",
        "teapot": "teapot, kettle, pot of tea, coffee pot",
        "jug": "jug, pitcher",
        "plate": "plate, saucer",
        "apple": "apple",
        "orange": "orange, tangerine",
        "lemon": "lemon",
        "pear": "pear",
        "pumpkin": "pumpkin",
        "cake": "cake, birthday cake",
        "bread": "bread, loaf",
        "book": "book, novel",
        "box": "box, crate, chest, cardboard box, wooden box",
        "barrel": "barrel, cask, keg",
        "basket": "basket",
        "ball": "ball, sphere, football, beach ball",
        "cube": "cube, block, dice",
        "cylinder": "cylinder",
        "cone": "cone, traffic cone",
        "pyramid": "pyramid",
        "ring": "ring, torus, donut, doughnut",
        "plant": "plant, potted plant, houseplant, house plant, pot plant",
        "flower": "flower, tulip, poppy, rose, daisy",
        "tree": "tree, oak, apple tree, birch, maple",
        "pine": "pine, fir, conifer, pine tree, fir tree, spruce, christmas tree",
        "palm": "palm, palm tree",
        "cypress": "cypress, cypress tree",
        "bush": "bush, shrub, hedge",
        "cactus": "cactus",
        "mushroom": "mushroom, toadstool",
        "rock": "rock, stone, boulder",
        "log": "log, tree trunk, fallen tree",
        "stump": "stump, tree stump",
        "haystack": "haystack, hay bale, haybale",
        "house": "house, cottage, cabin, hut, home, building, farmhouse",
        "tower": "tower, lookout, keep",
        "church": "church, chapel",
        "castle": "castle, fortress",
        "lighthouse": "lighthouse, light house",
        "windmill": "windmill, mill",
        "barn": "barn, shed, stable",
        "tent": "tent",
        "well": "well, wishing well",
        "fountain": "fountain",
        "fence": "fence, wooden fence",
        "column": "column, pillar",
        "arch": "arch, archway, gate, gateway",
        "statue": "statue, sculpture, bust",
        "lantern": "lantern, street lamp, streetlight, lamppost, lamp post, street light",
        "campfire": "campfire, camp fire, bonfire, fire",
        "car": "car, automobile, taxi",
        "truck": "truck, lorry, van",
        "bus": "bus, coach",
        "cart": "cart, wagon",
        "boat": "boat, rowing boat, rowboat, canoe",
        "sailboat": "sailboat, sailing boat, yacht, sailing ship, ship",
        "balloon": "hot air balloon, air balloon, balloon",
        "umbrella": "umbrella, parasol, beach umbrella, sunshade",
        "snowman": "snowman",
        "person": "person, man, woman, child, boy, girl, human, somebody, someone",
        "cat": "cat, kitten",
        "dog": "dog, puppy, fox, wolf",
        "horse": "horse, pony, foal",
        "cow": "cow, bull, ox",
        "sheep": "sheep, lamb, goat",
        "duck": "duck, goose, swan",
        "bird": "bird, chicken, hen, raven, crow, pigeon",
        "robot": "robot, android",
    },
    "part": {
        "wall": "wall, wallpaper",
        "floor": "floor, parquet, floorboard",
        "ceiling": "ceiling",
        "sky": "sky",
        "roof": "roof, rooftop",
        "curtain": "curtain, drape",
    },
    "colour": {
        "red": "red, crimson, scarlet",
        "dark red": "burgundy, maroon, wine red",
        "orange": "orange, orange coloured, orange colored",
        "yellow": "yellow, mustard",
        "green": "green, emerald",
        "olive": "olive",
        "blue": "blue, cobalt",
        "navy": "navy, navy blue",
        "turquoise": "turquoise, teal, cyan",
        "purple": "purple, violet, lilac",
        "pink": "pink, rosy, magenta",
        "brown": "brown, chestnut",
        "beige": "beige, tan, cream, ivory",
        "white": "white",
        "grey": "grey, gray",
        "black": "black",
    },
    "tone": {"dark": "dark, deep", "light": "light, pale, pastel"},
    "material": {
        "wooden": "wooden, oak wood, timber",
        "stone": "stone, made of stone, stony",
        "marble": "marble",
        "metal": "metal, metallic, steel, iron, chrome",
        "golden": "golden, gold, brass, gilded",
        "silver": "silver, silvery",
        "copper": "copper, bronze",
        "brick": "brick",
        "woollen": "woollen, woolen, knitted",
        "leather": "leather",
        "clay": "clay, terracotta, ceramic",
        "glass": "glass",
        "paper": "paper",
    },
    "size": {
        "tiny": "tiny, very small, miniature",
        "small": "small, little, short, low",
        "big": "big, large, tall, high",
        "huge": "huge, giant, enormous, gigantic, very big, very large, massive",
    },
    "time": {
        "dawn": "dawn, daybreak, sunrise, early morning",
        "morning": "morning",
        "noon": "noon, midday, day, daytime, daylight",
        "afternoon": "afternoon",
        "evening": "evening, golden hour, late afternoon",
        "sunset": "sunset, sundown",
        "dusk": "dusk, twilight, blue hour",
        "night": "night, midnight, moonlight, moonlit, starry, nighttime, nightfall",
    },
    "weather": {
        "clear": "clear, sunny, sunshine, sunlit, sunlight, cloudless, blue sky",
        "cloudy": "cloudy, cloud, partly cloudy",
        "overcast": "overcast, grey sky, gray sky, dull",
        "fog": "fog, foggy, mist, misty, haze, hazy",
        "rain": "rain, rainy, raining, wet, drizzle",
        "storm": "storm, stormy, thunderstorm",
    },
    "season": {
        "spring": "spring, springtime",
        "summer": "summer, summertime",
        "autumn": "autumn, fall, autumnal",
        "winter": "winter, wintry, snowy, snow covered, snow-covered, snow, frozen, snowing",
    },
    "mood": {
        "cosy": "cosy, cozy, warm, candlelit, lamplit, romantic",
        "gloomy": "gloomy, moody, spooky, eerie, sad, dim",
        "bright": "bright, airy, cheerful, sun-drenched, happy",
    },
    "count": {
        "1": "a, an, one, single, lone, lonely, another",
        "2": "two, pair, pair of, couple of, both",
        "3": "three, few, a few, some",
        "4": "four, several",
        "5": "five",
        "6": "six, half a dozen, many, lots of, a lot of",
        "7": "seven",
        "8": "eight",
        "9": "nine",
        "10": "ten",
        "11": "eleven",
        "12": "twelve, dozen, a dozen, dozens of",
        "100": "hundred, hundreds of, countless",
    },
    "where": {
        "left": "on the left, to the left, at the left, on the left side, on the left hand side, left",
        "right": "on the right, to the right, at the right, on the right side, on the right hand side, right",
        "middle": "in the middle, in the center, in the centre, at the center, at the centre, "
        "in the center of the picture",
        "front": "in the foreground, in front, up front, nearby, close up",
        "back": "in the background, in the distance, in the back, far away, on the horizon, behind, distant, "
        "faraway, at the back",
    },
    "relation": {
        "left of": "to the left of, left of, on the left of, on the left side of",
        "right of": "to the right of, right of, on the right of, on the right side of",
        "beside": "next to, beside, near, by, close to, alongside, at the side of, near to, around",
        "in front of": "in front of, before",
        "behind": "behind",
        "on": "on, on top of, atop, upon, onto, standing on, sitting on, lying on",
        "under": "under, below, beneath, underneath",
        "between": "between, in between",
        "in": "in, inside, at, within, into, inside of, over, above, through, across, along, from, towards",
    },
    "no": {"no": "no, without, without any, not a, empty of, free of"},
    "with": {"with": "with, containing, full of, of"},
    "it": {"it": "it, them, him"},
    "and": {"and": "and, or, but, plus, while, then"},
    "skip": {
        "skip": "the, this, that, these, those, its, his, her, their, my, our, your, is, are, was, were, be, "
        "there, here, "
        "also, as, to, for, which, who, where, when, has, have, having, set, placed, put, stands, standing, sits, "
        "sitting, lies, lying, seated, resting, rests, hanging, hangs, hung, growing, grows, parked, walking, "
        "walks, swimming, "
        "sleeping, sailing, flying, sees, seen, see, view, view of, photo, photo of, photograph, photograph of, "
        "picture, picture of, "
        "image, image of, render, rendering, scene, scene of, a photo of, a picture of, an image of, show, "
        "shows, showing, draw, "
        "paint, make, please, very, quite, rather, really, so, just, up, down, out, full, beautiful, nice, "
        "lovely, pretty, quiet, "
        "calm, peaceful, realistic, detailed, style, old, new, modern, soft, simple, side, time, during, after, "
        "weather, season, "
        "light, lit, coloured, colored, made, wide, narrow, open, round, square, ripe, fresh, wild, kind, "
        "all, other, "
        "something, things, thing, place, area, shot, angle, camera, i, we, you, want, would, like, give, me, us, "
        "at the foot, on a day, coming, high quality, top",
    },
}
"""Role -> key -> phrases."""
PLURALS = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "oxen": "ox", "geese": "goose",
    "leaves": "leaf", "shelves": "shelf", "bookshelves": "bookshelf", "loaves": "loaf", "wolves": "wolf",
    "foxes": "fox",
    "cacti": "cactus", "sheep": "sheep", "knives": "knife", "mountains": "mountain", "churches": "church",
    "houseplants": "houseplant", "kids": "child", "benches": "bench", "torches": "torch", "buses": "bus",
}  # fmt: skip
"""Whose plural no rule makes."""
COLOURS = {
    "red": "#b3231d", "dark red": "#6b1420", "orange": "#dd7a1c", "yellow": "#e3b522", "green": "#3c7a32",
    "olive": "#6d6f2c", "blue": "#2a55b0", "navy": "#1c2d5e", "turquoise": "#2a9aa0", "purple": "#6a3a96",
    "pink": "#e285a8", "brown": "#6e4526", "beige": "#d8c6a2", "white": "#eceae4", "grey": "#8b8d90",
    "black": "#1d1d20",
}  # fmt: skip
"""Of a colour's key: sRGB."""
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
SIZES = {"tiny": 0.45, "small": 0.7, "big": 1.4, "huge": 2.0}
"""Of a size's key: how much larger than usual."""


def phrases() -> dict[str, dict[Role, str]]:
    """Every phrase -> what it may be: role -> key. "An orange" is a thing, "an orange cat" has a colour."""
    found: dict[str, dict[Role, str]] = {}
    for role, rows in WORDS.items():
        for key, line in rows.items():
            for phrase in line.split(","):
                found.setdefault(phrase.strip(), {}).setdefault(role, key)
    return found
