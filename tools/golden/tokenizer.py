#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make tests/data/tokenizer from the reference tokenizer. Never run by the tests.

    tools/golden/tokenizer.py --clip DIR tests/data/tokenizer

DIR holds bpe_simple_vocab_16e6.txt.gz, and for the comparison with Hugging Face's tokenizer vocab.json and merges.txt.
Needs ftfy, regex, open_clip_torch and (for --compare-hf) transformers; the versions used stand in the README beside the
fixtures. Strings are made here, from the word lists below and a seeded generator.
"""
import argparse
import gzip
import html
import html.entities
import os
import random
import unicodedata

import ftfy
import regex
from ftfy.chardata import HTML_ENTITIES
from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode

PLAIN = ftfy.TextFixerConfig(fix_encoding=False, explain=False)

# ---------------------------------------------------------------- the reference


def clean(text, config=PLAIN):
    """OpenAI CLIP: whitespace_clean(basic_clean(text)).lower(), with ftfy's repair of mojibake switched off."""
    text = ftfy.fix_text(text, config)
    text = html.unescape(html.unescape(text)).strip()
    collapsed = regex.sub(r"\s+", " ", text).strip()
    assert collapsed == " ".join(text.split()), "OpenAI's and open_clip's white space differ"
    return collapsed.lower()


class Reference(SimpleTokenizer):
    """open_clip's tokenizer with OpenAI's names for the special tokens and any number of merges."""

    def __init__(self, path, merges):
        opened = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
        with opened as file:
            lines = file.read().split("\n")[1:merges + 1]
        pairs = [tuple(line.split()) for line in lines]
        assert len(pairs) == merges and all(len(p) == 2 for p in pairs)
        self.byte_encoder = bytes_to_unicode()
        vocab = list(self.byte_encoder.values())
        vocab += [v + "</w>" for v in vocab] + ["".join(p) for p in pairs]
        special = ["<|startoftext|>", "<|endoftext|>"]
        vocab += special
        self.encoder = {piece: i for i, piece in enumerate(vocab)}
        assert len(self.encoder) == len(vocab)
        self.bpe_ranks = {p: i for i, p in enumerate(pairs)}
        self.cache = {t: t for t in special}
        self.pat = regex.compile(
            r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
            regex.IGNORECASE)
        self.clean_fn = clean

    def ids(self, text):
        return [len(self.encoder) - 2] + self.encode(text) + [len(self.encoder) - 1]


# ---------------------------------------------------------------- the strings

ENGLISH = """a white dog runs on the grass|two children play beside a red ball|an old man reading his newspaper in a
café|woman riding a horse along the beach|people waiting for the bus at night|a cat sleeping on top of the piano|three
birds sit on a wire|close-up photo of a sunflower|the boy's bicycle leans against the wall|a plate of pasta with tomato
sauce|black-and-white portrait, 1936|man in a yellow raincoat, holding an umbrella|surfer catching a wave (Hawaii)|a
low resolution photo of the large ship|graffiti of a dragon|itap of my friend's pet|x-ray of a hand|a 3d render of a
chair"""
WORDS = {
    "Latin": "photo Straße garçon naïve smörgåsbord Æsir Łódź žluťoučký kůň İstanbul ılık ĞÜŞ đường phố người Þór ẞ ŉ ſ",
    "Greek": "ΣΚΎΛΟΣ λευκός σκύλος ΟΔΟΣ Ὀδυσσεύς ᾳ ᾼ ΰ ΆΣΠΡΟ γάτα θάλασσα ΣΑΣ ΑΣ.ΑΣ",
    "Cyrillic": "белая собака Москва ЁЛКА їжак ѣ Ђорђе майка қазақ Ѡ ӂ",
    "Armenian": "սպիտակ շուն ՀԱՅԱՍՏԱՆ և կատու եւ ՁՈՒԿ",
    "Georgian": "თეთრი ძაღლი საქართველო ᲗᲔᲗᲠᲘ ჭადრაკი",
    "Hebrew": "כלב לבן שָׁלוֹם יְרוּשָׁלַיִם חתול ״צה״ל״",
    "Arabic": "كلب أبيض السَّلَامُ عَلَيْكُمْ قطة ﷺ لا ﻻ",
    "Persian": "سگ سفید می‌روم گربه پنجره ۱۲۳",
    "Syriac": "ܟܠܒܐ ܚܘܪܐ ܫܠܡܐ",
    "Thaana": "ކުއްތާ ދިވެހި ބަސް",
    "Devanagari": "सफ़ेद कुत्ता क्षत्रिय हिन्दी १२३ बिल्ली ज़मीन",
    "Bengali": "সাদা কুকুর বাংলা ড়ো বিড়াল ৪৫৬",
    "Gurmukhi": "ਚਿੱਟਾ ਕੁੱਤਾ ਪੰਜਾਬੀ ਸ਼ੇਰ",
    "Gujarati": "સફેદ કૂતરો ગુજરાતી બિલાડી",
    "Odia": "ଧଳା କୁକୁର ଓଡ଼ିଆ",
    "Tamil": "வெள்ளை நாய் தமிழ் பூனை கொ ௧௨",
    "Telugu": "తెల్ల కుక్క తెలుగు పిల్లి",
    "Kannada": "ಬಿಳಿ ನಾಯಿ ಕನ್ನಡ ಬೆಕ್ಕು ಕೋ",
    "Malayalam": "വെളുത്ത നായ മലയാളം പൂച്ച",
    "Sinhala": "සුදු බල්ලා සිංහල පූසා",
    "Thai": "หมาสีขาว แมว ภาษาไทย น้ำ กำ ๑๒๓",
    "Lao": "ໝາສີຂາວ ແມວ ພາສາລາວ ຳ",
    "Tibetan": "ཁྱི་དཀར་པོ། བོད་སྐད ཞི་མི ༡༢",
    "Burmese": "ခွေးဖြူ ကြောင် မြန်မာ ၁၂",
    "Khmer": "ឆ្កែស ឆ្មា ភាសាខ្មែរ ១២",
    "Ethiopic": "ነጭ ውሻ አማርኛ ድመት ፩፪",
    "Cherokee": "ᎤᏁᎦ ᎩᏟ ᏣᎳᎩ ꭰꮳꮃꭹ ᏸ",
    "Aboriginal": "ᐃᓄᒃᑎᑐᑦ ᕿᒻᒥᖅ ᖃᑯᖅᑕᖅ",
    "Mongolian": "ᠴᠠᠭᠠᠨ ᠨᠣᠬᠠᠢ ᠮᠤᠩᠭᠤᠯ ᠠ᠎ᠠ",
    "Hangul": "하얀 개 고양이 대한민국 한국어 각",
    "Hiragana": "しろいいぬ ねこ がぎぐ ぱぴぷ",
    "Katakana": "シロイイヌ ネコ ガギグ ﾈｺ ｶﾞｷﾞ ﾊﾟﾝ",
    "Han": "白色的狗 猫 鳥 照片 龍 豈 﨑 𠮷野家 中华人民共和国",
    "Tifinagh": "ⵜⴰⵎⴰⵣⵉⵖⵜ ⴰⵢⴷⵉ",
    "Vai": "ꕙꔤ ꗝꗩ",
    "Deseret": "𐐔𐐇𐐝𐐀𐐡𐐇𐐓 𐐼𐐬𐑉",
    "Gothic": "𐌲𐌿𐍄𐌹𐍃𐌺",
    "Cuneiform": "𒀭𒂗𒆤 𒌓",
    "Balinese": "ᬩᬮᬶ ᬅ ᬆ",
    "Runic": "ᚠᚢᚦᚨᚱᚲ",
}
EMOJI = """😀 😂 ❤️ ❤ 👍 👍🏽 👩‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🇩🇪🇫🇷 1️⃣ #️⃣ ☆ ✈️ 🐕‍🦺 🧑🏿‍🤝‍🧑🏻 🫠 ♂️ ©️ ™ ⌚ 🅰️ 🅿 Ⓐ ⓑ 🈁 🀄 ㊗️""".split()
CONTRACTIONS = "don't DON'T He'S we'Re they'VE I'M you'Ll she'D it’s IT’S I‘m we‛re 'ſ they'ſ o'clock rock'n'roll ''s s' " \
               "y'all'd've 'twas isnʼt l'été d'accord ’tis 'S 't 'RE'VE x'll'd".split()
SPECIAL = ["<|startoftext|>", "<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|ſtartoftext|>", "<|startoftext|",
           "<start_of_text>", "<end_of_text>", "&lt;|endoftext|&gt;", "＜|endoftext|＞", "<| endoftext |>", "</w>", "a</w>",
           "<|endoftext|", "|>", "<|endoftext|>!", "!<|endoftext|>", "'<|endoftext|>", "Ġ", "Ġthe", "Ċ", "<unk>", "[CLS]"]
SPACES = [" ", "\t", "\n", "\r\n", "\r", "\f", "\v", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u1680", "\u2000",
          "\u2003", "\u200a", "\u200b", "\u200c", "\u200d", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000",
          "\u180e", "\ufeff", "&nbsp;", "&#x20;", "&#8195;", "&Tab;", "&NewLine;", "&#13;", "&#x0b;", "&#x85;"]
CURLY = "‘ ’ ‚ ‛ “ ” „ ‟ ʼ ′ ″ « » ‹ › ` ´ ＂ ＇".split()
LIGATURES = "Ĳ ĳ ŉ Ǆ ǅ ǆ Ǉ ǈ ǉ Ǌ ǋ ǌ Ǳ ǲ ǳ ﬀ ﬁ ﬂ ﬃ ﬄ ﬅ ﬆ ﬓ ﬖ ﬗ æ œ ᴂ".split()


def assigned():
    """Code points that Python's Unicode data knows, by plane; letters of Hangul and Han thinned out."""
    planes = {}
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category not in ("Cn", "Cs"):
            planes.setdefault(code >> 16, []).append(code)
    return planes


class Maker:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.strings = []  # (category, bytes)
        self.planes = assigned()
        self.marks = [c for p in self.planes.values() for c in p if unicodedata.combining(chr(c))]

    def add(self, category, text):
        data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        # damage makes now and then a letter that only newer Unicode versions have: a difference that properties.gz bounds
        if any(unicodedata.category(c) == "Cn" and regex.match(r"[\p{L}\p{N}]", c) for c in data.decode("utf-8", "replace")):
            return
        self.strings.append((category, data))

    def some(self, values, low, high):
        return [self.rng.choice(values) for _ in range(self.rng.randint(low, high))]

    def recase(self, text):
        return self.rng.choice([str, str, str.upper, str.title, str.swapcase, str.lower])(text)

    def random_code(self):
        plane = self.rng.choice(list(self.planes)) if self.rng.random() < 0.5 else 0
        return chr(self.rng.choice(self.planes[plane]))

    def captions(self, count):
        lines = [" ".join(line.split()) for line in ENGLISH.split("|")]
        for _ in range(count):
            words = " ".join(self.some(lines, 1, 2)).split()
            self.rng.shuffle(words) if self.rng.random() < 0.5 else None
            text = " ".join(words[:self.rng.randint(1, 14)])
            self.add("captions", self.recase(text) + self.rng.choice(["", ".", "!", " .", "...", "?!", ", 2024", " #4"]))

    def scripts(self, each):
        for name, words in WORDS.items():
            words = words.split()
            for _ in range(each):
                parts = self.some(words, 1, 6)
                if self.rng.random() < 0.3:
                    parts.insert(self.rng.randint(0, len(parts)), self.rng.choice(EMOJI + ["12,5", "(x)", "—", "©", "&"]))
                joined = self.rng.choice([" ", " ", "", "-", "  "]).join(parts)
                form = self.rng.choice([None, None, "NFC", "NFD", "NFKD"])
                self.add("script " + name, unicodedata.normalize(form, self.recase(joined)) if form else self.recase(joined))

    def mixtures(self, category, values, count, glue=("", " ", "x", "Ab", "1", "."), low=1, high=6):
        for _ in range(count):
            self.add(category, "".join(v + self.rng.choice(glue) for v in self.some(values, low, high)))

    def entities(self):
        names = sorted(HTML_ENTITIES)
        for i in range(0, len(names), 3):
            self.add("entities named", " ".join(names[i:i + 3]) if i % 2 else "".join(names[i:i + 3]))
        bare = sorted(n for n in html.entities.html5 if not n.endswith(";"))
        for i in range(0, len(bare), 2):
            self.add("entities bare", " ".join("&" + n + self.rng.choice(["", "x", " ", "=", "&"]) for n in bare[i:i + 2]))
        rng = self.rng
        for _ in range(900):
            name = rng.choice(names)
            kinds = [
                lambda: name, lambda: name[:-1], lambda: name.upper(), lambda: name.lower(), lambda: name.swapcase(),
                lambda: "&amp;" + name[1:], lambda: "&amp;amp;" + name[1:], lambda: "&amp;amp;amp;amp;" + name[1:],
                lambda: "&AMP;" + name[1:], lambda: "＆" + name[1:-1] + "；", lambda: name[:-1] + "\x1b[0m;",
                lambda: "&#%d;" % rng.randint(0, 0x200), lambda: "&#x%x;" % rng.randint(0, 0x200),
                lambda: "&#%d" % rng.randint(0, 0x300), lambda: "&#X%X" % rng.randint(0x2000, 0x3100),
                lambda: "&#%d;" % rng.choice([0, 13, 27, 38, 59, 60, 127, 128, 133, 150, 0xD800, 0xFDD0, 0xFFFE, 0x1FFFF,
                                              0x10FFFF, 0x110000, 10**30]),
                lambda: "&#x%x;" % rng.choice([0x3b, 0x26, 0xFEFF, 0xDFFF, 0x10FFFE, 2**70, 16**24 - 1, 16**23 - 1]),
                lambda: "&#;", lambda: "&#x;", lambda: "&#xg;", lambda: "&;", lambda: "&&", lambda: "&#12ab;",
                lambda: "&#0000000000000000000065;", lambda: "&#00000000000000000000000065;", lambda: "<" + name,
                lambda: name + "\n<" + name + "\n" + name, lambda: "&" + "".join(rng.choices("abcdefgltampquo", k=8)),
                lambda: "&" + "q" * rng.randint(20, 40) + ";", lambda: "&notit;", lambda: "&lt" + name,
                lambda: "&#38;" + name[1:], lambda: "&#x26;amp;" + name[1:], lambda: "&ﬂ" + name[1:],
            ]
            self.add("entities odd", "".join(rng.choice(kinds)() + rng.choice(["", " ", "a"]) for _ in range(rng.randint(1, 3))))

    def controls(self, count):
        codes = [chr(c) for c in list(range(0x20)) + list(range(0x7F, 0xA1)) + list(range(0x2000, 0x2070)) +
                 [0xAD, 0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF, 0xE0001, 0xE0041, 0x1D173]]
        self.mixtures("controls", codes, count)
        escapes = ["\x1b[31m", "\x1b[0m", "\x1b[1;36;44m", "\x1b[", "\x1b[m", "\x1b[12", "\x1b", "\x1b]0;t\x07", "\x1b[٣m",
                   "\x1b[;;H", "\x1b[2\x1b[3mm", "\x1b\x00[31m", "&#27;[31m", "\x1b[é", "\x1b[0z", "\x1b[0{", "\x1b[1M"]
        self.mixtures("terminal escapes", escapes + ["red", "Fox "], count // 3)

    def combining(self, count):
        rng = self.rng
        bases = [chr(c) for c in range(0x41, 0x5B)] + list("αωΣиІけハサक가ㅎ각") + ["\u1100", "\u1161", "\u11a7", "\u11a8", "\u11c2",
                                                                         "\u11c3", "\u1112\u1175", "\u0345", "\u09c7"]
        usual = [chr(c) for c in list(range(0x300, 0x34F)) + [0x3099, 0x309A, 0x5B0, 0x64B, 0x94D, 0x9BE, 0x20D2, 0x338]]
        for _ in range(count):
            text = ""
            for _ in range(rng.randint(1, 4)):
                text += rng.choice(bases)
                if rng.random() < 0.7:
                    text += "".join(self.some(usual, 1, 4))
                if rng.random() < 0.3:
                    text += "".join(chr(rng.choice(self.marks)) for _ in range(rng.randint(1, 5)))
            self.add("combining", text)
        for length in (31, 32, 33, 100, 700):
            self.add("combining", "a" + "".join(chr(rng.choice(self.marks)) for _ in range(length)) + "b")
        composed = [c for p in self.planes.values() for c in p
                    if unicodedata.decomposition(chr(c)) and not unicodedata.decomposition(chr(c)).startswith("<")]
        for start in range(0, len(composed), 12):
            self.add("combining", unicodedata.normalize(rng.choice(["NFD", "NFC"]), " ".join(map(chr, composed[start:start + 12]))))

    def sigmas(self, count):
        pieces = ["Σ", "Σ", "α", "Α", "A", "ς", "'", ".", ":", "·", "\u0301", "\u00ad", "ʰ", "1", " ", "-", "ª", "Ⅷ", "Ⓐ", "🄰",
                  "\u200d", "^", "中", "ﬀ", "ǅ", "\u2019", "\u2024", "&shy;", "&rsquo;", "&amp;rsquo;"]
        self.mixtures("sigma", pieces, count, glue=("",), low=2, high=8)

    def long_words(self):
        rng = self.rng
        for length in (76, 77, 78, 200, 1000, 1023, 1024, 1025, 3000, 8000):
            for alphabet in ("a", "ab", "abcdefghijklmnopqrstuvwxyz", "aeinrst", "白狗猫", "!?.", "é", "th"):
                size = length if length <= 1025 or alphabet in ("ab", "aeinrst") else 400
                self.add("long words", "".join(rng.choice(alphabet) for _ in range(size)))

    def digits(self, count):
        digits = [chr(c) for c in self.planes[0] + self.planes[1] if unicodedata.category(chr(c))[0] == "N"]
        self.mixtures("digits", digits, count, glue=("", "", " ", "a", ",", "."))

    def random_codes(self, count):
        for _ in range(count):
            self.add("random", "".join(self.random_code() for _ in range(self.rng.randint(1, 16))))
        planned = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) == "Cn"
                   and not regex.match(r"[\p{L}\p{N}]|\p{Assigned}", chr(c))]
        for _ in range(count // 10):
            self.add("unassigned", "".join(chr(self.rng.choice(planned)) + self.rng.choice(["", "a", " "])
                                           for _ in range(self.rng.randint(1, 6))))

    def broken(self, count):
        rng = self.rng
        parts = [b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xe0\x80\x80", b"\xe0\xa0", b"\xe2\x82", b"\xed\xa0\x80",
                 b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80", b"\xf0\x80\x80\x80", b"\xf0\x9f\x98", b"\xf0\x9f", b"\xf4\x90\x80\x80",
                 b"\xf5\x80\x80\x80", b"\xff", b"\xfe", b"\xf8\x88\x80\x80\x80", b"\xef\xbb\xbf", b"\x00", b"caf\xe9", b"dog", b" "]
        for _ in range(count // 2):
            self.add("broken UTF-8", b"".join(rng.choice(parts) for _ in range(rng.randint(1, 6))))
        for _ in range(count // 2):
            data = bytearray("".join(self.some(EMOJI + WORDS["Han"].split() + WORDS["Cyrillic"].split(), 1, 4)).encode())
            for _ in range(rng.randint(1, 4)):
                place = rng.randrange(len(data))
                rng.choice([lambda: data.__setitem__(place, rng.randrange(256)), lambda: data.__delitem__(place),
                            lambda: data.insert(place, rng.randrange(128, 256))])()
                if not data:
                    data.append(0x80)
            self.add("broken UTF-8", bytes(data))

    def mojibake(self, count):
        words = " ".join(WORDS[n] for n in ("Latin", "Greek", "Cyrillic", "Han")).split() + EMOJI + CURLY
        for _ in range(count):
            text = " ".join(self.some(words, 1, 4))
            codec = self.rng.choice(["latin-1", "cp1252", "cp1251", "macroman", "cp437"])
            self.add("mojibake", text.encode().decode(codec, "ignore"))

    def lines(self, count):
        pieces = ["<b>", "&amp;", "&lt;", "&lt;b&gt;", "dog", "ﬁ", "\n", "\r\n", "\u2028", "&#10;", "&EACUTE;", "<", "“", "\n\n"]
        self.mixtures("lines", pieces, count, glue=("", " "), low=2, high=9)

    def everything(self):
        self.captions(1800)
        self.scripts(75)
        self.mixtures("emoji", EMOJI, 400)
        self.mixtures("contractions", CONTRACTIONS, 600)
        self.entities()
        self.controls(450)
        self.mixtures("quotes", CURLY, 250)
        self.mixtures("ligatures", LIGATURES, 250)
        self.mixtures("width", [chr(c) for c in range(0xFF00, 0xFFF0)] + ["\u3000", "Ａ", "ｱ"], 400)
        self.combining(500)
        self.sigmas(300)
        self.long_words()
        self.mixtures("white space", SPACES, 350)
        self.digits(300)
        self.mixtures("special", SPECIAL, 250)
        self.random_codes(1500)
        self.broken(700)
        self.mojibake(300)
        self.lines(300)
        for text in ("", " ", "\n", "\x00", "\ufeff", "a", "\u0345", "&", "\uac00\u11a7", "\u1100\u1161\u11a7", "&EACUTE&#59;",
                     "&EACUTE&#x3b; &hellip&#59;", "ΟΔΟΣ", "\uac00\u11a8\u11a8"):
            self.add("tiny", text)
        return self.strings


# ---------------------------------------------------------------- the files


def write_lines(path, lines):
    """Lines of bytes, compressed alike every time; a backslash is written \\\\ and a line feed \\n."""
    data = b"".join(line.replace(b"\\", b"\\\\").replace(b"\n", b"\\n") + b"\n" for line in lines)
    with open(path, "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, 0) as packed:
            packed.write(data)


def properties():
    """One line a code point that is not the plainest: what regex and Python's str and unicodedata say of it."""
    kinds = {"L": regex.compile(r"[\p{L}]+", regex.I), "N": regex.compile(r"[\p{N}]", regex.I),
             "O": regex.compile(r"[^\s\p{L}\p{N}]+", regex.I), "S": regex.compile(r"\s")}
    last = None
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        char = chr(code)
        kind = [k for k, r in kinds.items() if r.fullmatch(char)]
        assert len(kind) == 1 or code == 0x345
        kind = kind[0] if kind else "X"
        nfd = unicodedata.normalize("NFD", char)
        nfc = unicodedata.normalize("NFC", char)
        # of a letter that is ignorable nothing depends on whether it is cased
        cased = ("1" + char + "Σ").lower()[-1] == "ς"
        ignorable = not cased and ("A" + char + "Σ").lower()[-1] == "ς"
        facts = (kind, "i" if ignorable else "c" if cased else "-", unicodedata.combining(char))
        codes = [" ".join("%x" % ord(c) for c in s) if s != char else "=" for s in (char.lower(), nfd, nfc)]
        line = "%s %s %d,%s,%s,%s" % (*facts, *codes)
        if line != last or code == 0xE000:  # a line holds until the next
            yield ("%x," % code + line).encode()
        last = line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip", required=True, help="directory with CLIP's merges")
    parser.add_argument("--default", default="tokenizer/default/merges.txt")
    parser.add_argument("--compare-hf", action="store_true", help="only count where Hugging Face's tokenizer differs")
    parser.add_argument("out")
    args = parser.parse_args()
    strings = Maker(20240229).everything()
    texts = [data.decode("utf-8", "replace") for _, data in strings]
    clip = Reference(os.path.join(args.clip, "bpe_simple_vocab_16e6.txt.gz"), 48894)
    if args.compare_hf:
        compare_hf(args, clip, strings, texts)
        return
    default = Reference(args.default, 4700)
    write_lines(os.path.join(args.out, "strings.gz"), [data for _, data in strings])
    write_lines(os.path.join(args.out, "cleaned.gz"), [clean(t).encode() for t in texts])
    for name, reference in (("default", default), ("clip", clip)):
        write_lines(os.path.join(args.out, name + ".ids.gz"), [" ".join(map(str, reference.ids(t))).encode() for t in texts])
    write_lines(os.path.join(args.out, "properties.gz"), properties())
    full = sum(clean(t) != clean(t, ftfy.TextFixerConfig(explain=False)) for t in texts)
    made = sum(c == "mojibake" for c, _ in strings)
    print(len(strings), "strings in", len({c for c, _ in strings}), "kinds;", full, "would differ with ftfy's repair of "
          "mojibake,", sum(clean(t) != clean(t, ftfy.TextFixerConfig(explain=False))
                           for t, (c, _) in zip(texts, strings) if c == "mojibake"), "of them among the", made, "made so")


def compare_hf(args, clip, strings, texts):
    from transformers import CLIPTokenizer
    hf = CLIPTokenizer(os.path.join(args.clip, "vocab.json"), os.path.join(args.clip, "merges.txt"))
    kinds = {}
    plain = differ_plain = 0
    for (kind, _), text in zip(strings, texts):
        differs = hf(text)["input_ids"] != clip.ids(text)
        counts = kinds.setdefault(kind.split()[0], [0, 0])
        counts[0] += differs
        counts[1] += 1
        # what Hugging Face's does before it splits; where CLIP's cleaning does no more, only the rest can differ
        if clean(text) == unicodedata.normalize("NFC", " ".join(text.split())).lower():
            plain += 1
            differ_plain += differs
    for kind, (differ, total) in sorted(kinds.items()):
        print("%-14s %5d of %5d differ" % (kind, differ, total))
    print("%d of %d differ where cleaning only composes, collapses white space and lowers" % (differ_plain, plain))


main()
