# SPDX-License-Identifier: MIT
"""Batches for training: images, captions, false captions, and which captions are true of which images."""
import dataclasses
import random

import numpy as np

import world

NATURAL = len(world.COLOUR_NAMES)  # the colour number of a thing that was not recoloured
COLOUR_IDS = {None: NATURAL, **{name: i for i, name in enumerate(world.COLOUR_NAMES)}}
FALSE_SHARE = .5  # of scenes with one kind of thing; those with two always get a false caption too


def other(rng, choices, but):
    return rng.choice([choice for choice in choices if choice != but])


def said_ground(phrase, scene):
    return scene.ground if phrase.ground else None


def falsify(rng, the_world, scene):
    """A caption that differs from the scene's in one point, in which it is false: (phrase, the ground it says)."""
    phrase = dataclasses.replace(scene.phrase, words=list(scene.phrase.words), colours=list(scene.phrase.colours))
    ground = said_ground(phrase, scene)
    kinds = ["thing"]
    if len(phrase.words) == 1:
        kinds += ["count"] * 2
        if phrase.colours[0]:
            kinds += ["colour"] * 3
    elif phrase.joint != "and":
        kinds += ["joint"] * 6
    elif all(phrase.colours) and phrase.colours[0] != phrase.colours[1]:
        kinds += ["exchange"] * 2
    if ground:
        kinds.append("ground")
    kind = rng.choice(kinds)
    if kind == "thing":
        which = rng.randrange(len(phrase.words))
        meant = set().union(*(the_world.meanings[word] for word in phrase.words))
        while True:
            number = rng.randrange(len(the_world.things))
            if number not in meant and number not in scene.things:
                phrase.words[which] = the_world.names[number]
                break
    elif kind == "count":
        phrase.count = other(rng, [1, 2, 3, 4], scene.count)
        phrase.size = ""
    elif kind == "colour":
        phrase.colours[0] = other(rng, world.COLOUR_NAMES, phrase.colours[0])
    elif kind == "joint":
        phrase.joint = "to the left of" if phrase.joint == "to the right of" else "to the right of"
    elif kind == "exchange":
        phrase.colours.reverse()
    else:
        ground = other(rng, world.COLOUR_NAMES + world.GROUNDS, ground)
        phrase.ground = world.ground_words(ground)
    return phrase, ground


def order(scene):
    """The scene's things from left to right as drawn: their places in its lists."""
    return sorted(range(len(scene.things)), key=lambda i: scene.sprites[i].x)


def truths(the_world, phrases, grounds, scenes):
    """Boolean, phrases x scenes: whether all that the phrase says holds in the scene (small and big are not looked at)."""
    means = np.zeros((2, len(phrases), len(the_world.things)), bool)
    for row, phrase in enumerate(phrases):
        for which, word in enumerate(phrase.words):
            means[which, row, list(the_world.meanings[word])] = True

    def column(values):
        return np.array(values)[:, None]

    def colours_fit(which, colours):
        said = column([COLOUR_IDS[p.colours[which]] if len(p.words) > which else NATURAL for p in phrases])
        return (said == NATURAL) | (said == colours)

    pairs = np.array([len(scene.things) > 1 for scene in scenes])
    orders = [(order(scene) * 2)[:2] for scene in scenes]
    left, right = (np.array([s.things[o[k]] for s, o in zip(scenes, orders)]) for k in (0, 1))
    left_colour, right_colour = (np.array([COLOUR_IDS[s.colours[o[k]]] for s, o in zip(scenes, orders)]) for k in (0, 1))
    along = means[0][:, left] & colours_fit(0, left_colour)
    single = along & (column([p.count for p in phrases]) == np.array([s.count for s in scenes]))
    along &= means[1][:, right] & colours_fit(1, right_colour)
    against = means[0][:, right] & colours_fit(0, right_colour) & means[1][:, left] & colours_fit(1, left_colour)
    joints = column([p.joint for p in phrases])
    double = along & (joints != "to the right of") | against & (joints != "to the left of")
    said_pair = column([len(p.words) > 1 for p in phrases])
    said = column([-1 if ground is None else world.GROUND_IDS[ground] for ground in grounds])
    there = np.array([-1 if s.ground is None else world.GROUND_IDS[s.ground] for s in scenes])
    return (said_pair == pairs) & np.where(said_pair, double, single) & ((said == -1) | (said == there))


def pad(rows):
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, values in zip(ids, rows):
        row[:len(values)] = values
    return ids


def kind_word(rng, the_world, scene):
    """Now and then a thing is called by its kind: an animal, a vehicle, food."""
    for which, number in enumerate(scene.things):
        kinds = the_world.things[number].kinds
        if kinds and rng.random() < .06:
            scene.phrase.words[which] = rng.choice(kinds)


def said_order(the_world, phrase):
    """What the phrase says is to the left, and what to the right; -1: nothing, or a word of several meanings."""
    if phrase.joint == "and":
        return [-1, -1]
    meant = [meaning(the_world, word) for word in phrase.words]
    return meant if phrase.joint == "to the left of" else meant[::-1]


def meaning(the_world, word):
    return min(the_world.meanings[word]) if len(the_world.meanings[word]) == 1 else -1


def say_left(rng, phrase):
    """Most of what is said to be to the right is said the other way round: the text tower learns first that what comes
    first is left, then what "right" changes. Half and half, nothing can be learnt before both are."""
    if phrase.joint == "to the right of" and rng.random() < .6:
        phrase.joint = "to the left of"
        phrase.words.reverse()
        phrase.colours.reverse()


def caption(the_world, tokenizer, rng, scenes):
    """The scenes' captions, then false ones."""
    for scene in scenes:
        say_left(rng, scene.phrase)
    phrases = [scene.phrase for scene in scenes]
    grounds = [said_ground(scene.phrase, scene) for scene in scenes]
    false = [falsify(rng, the_world, scene) for scene in scenes if len(scene.things) > 1 or rng.random() < FALSE_SHARE]
    phrases += [phrase for phrase, _ in false]
    grounds += [ground for _, ground in false]
    ids = [tokenizer(phrase.caption()) for phrase in phrases]
    return {
        "ids": pad(ids),
        "ends": np.array([len(row) - 1 for row in ids]),
        "true": truths(the_world, phrases, grounds, scenes),
        # what the words mean, of one thing twice the same; -1: several meanings
        "meant": np.array([[meaning(the_world, word) for word in (phrase.words * 2)[:2]] for phrase in phrases]),
        "said_sides": np.array([said_order(the_world, scene.phrase) for scene in scenes]),
    }
