# SPDX-License-Identifier: MIT
"""The drawn world: about a thousand things, in colours, numbers, places and relations, each scene with its caption.

Names and keywords come from the Unicode data packages, shapes from a colour emoji font. A scene is planned first (every
chance taken from one random.Random, in a fixed order: what was measured depends on it) and drawn afterwards.
"""
import dataclasses
import random
import re
import xml.etree.ElementTree

import drawing

UNICODE_DATA = "/usr/share/unicode"
CLDR = "/usr/share/unicode/cldr"

SIZE = 224  # the built-in model's input
COLOUR_NAMES = list(drawing.COLOURS)
NUMBERS = {2: "two", 3: "three", 4: "four"}

SUBGROUPS = set(
    "face-smiling face-affection face-tongue face-neutral-skeptical face-sleepy face-hat face-glasses face-concerned "
    "face-negative face-costume cat-face monkey-face heart person person-role person-fantasy person-activity "
    "person-sport animal-mammal animal-bird animal-amphibian animal-reptile animal-marine animal-bug plant-flower "
    "plant-other food-fruit food-vegetable food-prepared food-asian food-marine food-sweet drink dishware place-map "
    "place-geographic place-building place-religious place-other transport-ground transport-water transport-air hotel "
    "time event award-medal sport game clothing sound music musical-instrument phone computer book-paper money mail "
    "writing office lock tool science medical household other-object".split()
) | {"sky & weather", "arts & crafts", "light & video"}

# Words above the names, by the beginning of the subgroup; the Unicode data has none for most things.
KINDS = {
    "face-": ["face"], "cat-face": ["face"], "monkey-face": ["face"], "person": ["person"],
    "animal-": ["animal"], "animal-bird": ["animal", "bird"], "animal-bug": ["animal", "insect"],
    "plant-": ["plant"], "plant-flower": ["plant", "flower"], "food-": ["food"], "food-fruit": ["food", "fruit"],
    "food-vegetable": ["food", "vegetable"], "drink": ["drink"], "place-building": ["building"],
    "place-religious": ["building"], "transport-": ["vehicle"], "transport-air": ["vehicle", "aircraft"],
    "clothing": ["clothing"], "musical-instrument": ["musical instrument"], "tool": ["tool"],
}
NO_THING = re.compile("clock|o’|hair|beard|flag|button|kiss|couple|family|skin|:")

TEMPLATES = ["%s"] * 4 + ["a photo of %s", "a picture of %s", "an illustration of %s", "an image of %s"]
GROUNDS = ["on the grass", "on the beach", "in the sea", "in the snow", "in the desert", "on the road", "in a room",
           "in the night sky", "in the sky", "in the forest"]
GROUND_IDS = {words: i for i, words in enumerate(COLOUR_NAMES + GROUNDS)}


@dataclasses.dataclass
class Thing:
    text: str
    name: str
    keywords: list
    kinds: list


def kinds_of(subgroup):
    best = max((start for start in KINDS if subgroup.startswith(start)), key=len, default=None)
    return KINDS[best] if best else []


def read_things(unicode_data=UNICODE_DATA, cldr=CLDR):
    keywords = {}
    for entry in xml.etree.ElementTree.parse(f"{cldr}/common/annotations/en.xml").getroot().iter("annotation"):
        if entry.get("type") != "tts":
            keywords[entry.get("cp")] = [word.strip().lower() for word in entry.text.split("|")]
    things, subgroup = [], None
    with open(f"{unicode_data}/emoji/emoji-test.txt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# subgroup:"):
                subgroup = line.split(":", 1)[1].strip()
            match = re.match(r"([0-9A-F ]+)\s*; fully-qualified\s*# (\S+) E[\d.]+ (.*)", line)
            if not match or subgroup not in SUBGROUPS or re.search("1F3F[B-F]", match[1]):  # no skin tones
                continue
            name = re.sub("[:“”]", "", match[3].lower()).replace("-", " ")
            if NO_THING.search(name) or len(name.split()) > 4 or name.startswith(("man ", "woman ")):
                continue
            words = [word.replace("-", " ") for word in keywords.get(match[2].replace("\ufe0f", ""), [])]
            words = [word for word in words if 3 <= len(word) <= 14 and re.fullmatch("[a-z ]+", word)]
            things.append(Thing(match[2], name, words, kinds_of(subgroup)))
    return things


def with_article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def plural(words):
    if words.endswith(("s", "x", "ch", "sh")):
        return words + "es"
    if words.endswith("y") and words[-2] not in "aeiou":
        return words[:-1] + "ies"
    return words + "s"


def ground_words(ground):
    return f"on a {ground} background" if ground in drawing.COLOURS else ground


@dataclasses.dataclass
class Mood:
    """What scenes are drawn from. The default is the open world; a batch of hard negatives narrows some of it."""
    colours: list = None     # None: all
    coloured: float = .4     # share of things that are recoloured
    ground: float = None     # fixes the choice between plain grounds (< .45), gradients (< .55) and scenes
    things: list = None      # None: all
    named: float = .75       # share of things called by name, not by a keyword
    one: float = .58         # share of scenes with one thing; up to `several` two to four of a kind; else two kinds
    several: float = .73
    side: float = .4         # share of two kinds that are left or right of each other, not only together


OPEN = Mood()


def hard_mood(rng, count, usual=None):
    """A mood for one batch of training: open, usual things, one colour, few things, or few grounds and many relations.
    usual: the numbers of things that people often speak of, or None."""
    k = rng.random()
    if k < .15 and usual:
        return Mood(things=usual, coloured=.5, named=.95, one=.75, several=.9)
    if k < .55:
        return Mood(named=.8)
    if k < .65:
        return Mood(colours=rng.sample(COLOUR_NAMES, rng.choice([1, 1, 2])), coloured=.95, named=.95, one=.9, several=.95)
    if k < .85:
        return Mood(things=rng.sample(range(count), rng.choice([16, 64])), coloured=rng.choice([.4, .7, 1]), named=.8,
                    one=.6, several=.95)
    return Mood(ground=rng.uniform(.4, .6), colours=rng.sample(COLOUR_NAMES, 2), named=.95, one=.1, several=.25, side=.8)


@dataclasses.dataclass
class Phrase:
    """What a caption says. None: it does not say."""
    words: list              # one thing, or two
    colours: list
    count: int = 1
    joint: str = "and"       # between two things: "and", "to the left of", "to the right of"
    ground: str = None       # as it is said
    size: str = ""
    template: str = "%s"

    def caption(self):
        names = [(f"{colour} " if colour else "") + word for word, colour in zip(self.words, self.colours)]
        if self.count > 1:
            text = f"{NUMBERS[self.count]} {plural(names[0])}"
        else:
            text = with_article((f"{self.size} " if self.size else "") + names[0])
            if len(names) > 1:
                text += f" {self.joint} {with_article(names[1])}"
        return self.template % (f"{text} {self.ground}" if self.ground else text)


@dataclasses.dataclass
class Sprite:
    x: float
    y: float
    size: float
    flip: bool
    angle: float


@dataclasses.dataclass
class Scene:
    things: list             # one thing's number, or two, from left to right as said
    colours: list            # of the things, None: their own
    count: int
    ground: str              # a colour, one of GROUNDS, or None: no words for it
    phrase: Phrase
    backdrop: tuple          # what draws the ground, and its arguments
    sprites: list
    noise: int               # seed of the noise, or None


class World:
    def __init__(self, size=SIZE, font=drawing.FONT, unicode_data=UNICODE_DATA, cldr=CLDR):
        self.size, self.things, self.shapes = size, [], []
        opened, seen = drawing.open_font(font), set()
        for thing in read_things(unicode_data, cldr):
            shape = drawing.glyph(thing.text, opened)
            if shape is None or (shape.size, shape.tobytes()) in seen:
                continue
            seen.add((shape.size, shape.tobytes()))
            self.things.append(thing)
            self.shapes.append(shape)
        self.names = [thing.name for thing in self.things]
        self.meanings = {}
        for i, thing in enumerate(self.things):
            for word in thing.keywords + thing.kinds + [thing.name]:
                self.meanings.setdefault(word, set()).add(i)
        for i, thing in enumerate(self.things):
            self.meanings[thing.name] = {i}  # a name means its thing, even where it is another's keyword
        self.tinted = {}

    # Planning. Every call of rng is part of the order: others give other scenes for a seed.

    def plan_backdrop(self, rng, mood):
        k = mood.ground if mood.ground is not None else rng.random()
        if k < .45:
            colour = rng.choice(COLOUR_NAMES)
            value = [part + shift for shift in [rng.gauss(0, 8)] for part in drawing.COLOURS[colour]]
            return colour, ground_words(colour) if rng.random() < .6 else None, (drawing.plain, value)
        if k < .55:
            ends = [[rng.randint(60, 255) for _ in range(3)] for _ in range(2)]
            return None, None, (drawing.gradient, *ends)
        ground = words = rng.choice(GROUNDS)
        if ground == "in the night sky":
            stars = []
            for _ in range(25):
                brightness = rng.randint(180, 255)
                stars.append((rng.randrange(self.size), rng.randrange(self.size), brightness))
            backdrop = drawing.night_sky, stars
            words = rng.choice([ground, "at night"])
        elif ground == "in the forest":
            backdrop = drawing.forest, [(rng.randrange(self.size), rng.uniform(.5, .7)) for _ in range(9)]
        elif ground == "in the sky":
            backdrop = drawing.gradient, *drawing.SKY
        else:
            backdrop = drawing.landscape, ground, rng.uniform(*drawing.LANDSCAPES[ground][0])
        return ground, words if rng.random() < .8 else None, backdrop

    def plan_thing(self, rng, mood):
        number = rng.choice(mood.things) if mood.things else rng.randrange(len(self.things))
        thing = self.things[number]
        word = thing.name if rng.random() < mood.named or not thing.keywords else rng.choice(thing.keywords)
        colour = rng.choice(mood.colours or COLOUR_NAMES) if rng.random() < mood.coloured else None
        return number, word, colour

    def plan_sprite(self, rng, x, y, size):
        flip = rng.random() < .5
        angle = rng.uniform(-18, 18) if rng.random() < .5 else None
        return Sprite(self.size * x, self.size * y, self.size * size, flip, angle)

    def plan(self, rng, mood=OPEN):
        ground, said, backdrop = self.plan_backdrop(rng, mood)
        kind = rng.random()
        number, word, colour = self.plan_thing(rng, mood)
        phrase = Phrase([word], [colour if colour and rng.random() < .92 else None], ground=said)
        scene = Scene([number], [colour], 1, ground, phrase, backdrop, [], None)
        if kind < mood.one:
            share = rng.uniform(.3, .9)
            scene.sprites.append(self.plan_sprite(rng, rng.uniform(.3, .7), rng.uniform(.35, .7), share))
            if rng.random() >= .85:
                phrase.size = "small" if share < .45 else "big" if share > .7 else ""
        elif kind < mood.several:
            scene.count = phrase.count = count = rng.choice([2, 2, 3, 3, 4])
            for i in range(count):
                x, y = (i + .5) / count + rng.uniform(-.04, .04), rng.uniform(.3, .7)
                scene.sprites.append(self.plan_sprite(rng, x, y, rng.uniform(.75, .95) / count))
        else:
            other, word, colour = self.plan_thing(rng, mood)
            phrase.words.append(word)
            phrase.colours.append(colour)
            swapped = rng.random() < .5
            for x in (.73, .27) if swapped else (.27, .73):
                x, y = x + rng.uniform(-.04, .04), rng.uniform(.35, .65)
                scene.sprites.append(self.plan_sprite(rng, x, y, rng.uniform(.35, .52)))
            if rng.random() >= 1 - mood.side:
                phrase.joint = "to the right of" if swapped else "to the left of"
            scene.things.append(other)
            scene.colours.append(colour)
        phrase.template = rng.choice(TEMPLATES)
        if rng.random() < .3:
            scene.noise = rng.randrange(1 << 30)
        return scene

    # Drawing.

    def sprite(self, number, colour):
        if not colour:
            return self.shapes[number]
        if (number, colour) not in self.tinted:
            self.tinted[number, colour] = drawing.tint(self.shapes[number], colour)
        return self.tinted[number, colour]

    def draw(self, scene):
        function, *arguments = scene.backdrop
        image = drawing.to_image(function(self.size, *arguments))
        for i, place in enumerate(scene.sprites):
            which = i if len(scene.things) > 1 else 0
            sprite = self.sprite(scene.things[which], scene.colours[which])
            drawing.paste(image, sprite, place.x, place.y, place.size, place.flip, place.angle)
        return image if scene.noise is None else drawing.noise(image, scene.noise)

    def sample(self, rng, mood=OPEN):
        scene = self.plan(rng, mood)
        return self.draw(scene), scene


def kind_word(rng, the_world, scene):
    """Now and then a thing is called by its kind: an animal, a vehicle, food."""
    for which, number in enumerate(scene.things):
        kinds = the_world.things[number].kinds
        if kinds and rng.random() < .06:
            scene.phrase.words[which] = rng.choice(kinds)


def weather(image, rng):
    """What happens to images on their way: JPEG, blur, enlarging, other light. Seven in ten stay as they are."""
    if rng.random() < .1:
        image = drawing.relight(image, rng.uniform(.75, 1.2), rng.uniform(-20, 20))
    k = rng.random()
    if k < .06:
        image = drawing.blur(image, rng.uniform(.3, 1))
    elif k < .12:
        image = drawing.coarse(image, rng.randint(56, 100))
    if rng.random() < .12:
        image = drawing.jpeg(image, rng.randint(30, 95))
    return image


def add_sources(parser):
    parser.add_argument("--font", default=drawing.FONT, help="NotoColorEmoji.ttf")
    parser.add_argument("--unicode-data", default=UNICODE_DATA, help="directory that has emoji/emoji-test.txt")
    parser.add_argument("--cldr", default=CLDR, help="directory that has common/annotations/en.xml")


def from_options(options, size=SIZE):
    return World(size, font=options.font, unicode_data=options.unicode_data, cldr=options.cldr)
