#!/usr/bin/env python3
"""Draws the photos of the sample data: draw-photos.py DIR writes DIR/KIND/COLOUR-SCENE.svg, for each
picture of web/pictures.svg that is a product, each colour of web/colours.js and each scene of its
surroundings, as if shoppers had photographed at home what they bought. The same input makes the same
files. NGINX serves them under /photos/; src/generate/dataset.c makes the addresses."""

import json
import random
import re
import sys
import unicodedata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 640, 480
FLOOR = 318  # where a wall or the sky ends

# ---- Colours -------------------------------------------------------------------------------------


def mix(colour, other, share):
    """`colour` with that share of `other` in it; both are #rrggbb."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]))
    return "#" + bytes(round(a + (b - a) * share) for a, b in pairs).hex()


def gradient(name, *stops, kind="linear", place='x2="0" y2="1"'):
    inner = "".join(f'<stop offset="{at}" stop-color="{colour}" stop-opacity="{opacity}"/>'
                    for at, colour, opacity in stops)
    return f'<{kind}Gradient id="{name}" {place}>{inner}</{kind}Gradient>'


def rect(x, y, width, height, fill, more=""):
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"{more}/>'


def path(outline, fill, more=""):
    return f'<path d="{outline}" fill="{fill}"{more}/>'


def down(top, bottom):
    """A vertical gradient that fills the whole picture."""
    return "<defs>" + gradient("back", (0, top, 1), (1, bottom, 1)) + "</defs>" + rect(
        0, 0, WIDTH, HEIGHT, "url(#back)")


# ---- Surroundings: each returns a background -----------------------------------------------------


def boards(colour, top=FLOOR):
    """A wooden floor in perspective."""
    seams = "".join(f"M{320 + 52 * i} {top}L{320 + 150 * i} {HEIGHT}" for i in range(-7, 8))
    ends = "".join(f"M{x} {y}h{w}" for x, y, w in ((90, top + 52, 92), (300, top + 30, 64),
                                                  (420, top + 86, 130), (196, top + 118, 140)))
    return rect(0, top, WIDTH, HEIGHT - top, colour) + path(
        seams + ends, "none", f' stroke="{mix(colour, "#000000", .22)}" stroke-width="2"')


def window_light():
    return path("M70 40 250 20 330 300 150 330ZM270 18 430 0 520 270 350 297Z", "#fff6dc",
                ' opacity=".2"')


def plant(x, ground, leaf):
    stems = "".join(f"M{x} {ground - 56}Q{x + dx} {ground - 110} {x + 2 * dx} {ground - high}"
                    for dx, high in ((-26, 150), (-10, 190), (12, 178), (28, 140)))
    return path(stems, "none", f' stroke="{leaf}" stroke-width="15" stroke-linecap="round"') + path(
        f"M{x - 34} {ground - 60}h68l-10 60h-48Z", "#c08b66")


def frame(x, y, colour):
    return rect(x, y, 96, 120, "#f7f2ea", f' stroke="{colour}" stroke-width="8"') + path(
        f"M{x + 14} {y + 96}l24-40 18 22 12-14 18 32Z", mix(colour, "#ffffff", .45))


def living_room(draw):
    wall = draw.choice(["#d9d3c4", "#c9d3cf", "#e2d2c6", "#cdd2dd"])
    return (down(mix(wall, "#ffffff", .25), wall) + window_light() + frame(92, 60, "#8b6b4a")
            + rect(0, FLOOR - 14, WIDTH, 14, "#f4efe6") + boards("#b98d62")
            + plant(566, FLOOR + 46, "#5d7d54"))


def rug(draw):
    wall = draw.choice(["#efe8dc", "#dfe5e2", "#e9e0e6"])
    cloth = draw.choice(["#a9b8b0", "#c9a58e", "#9aa6bd"])
    return (down(mix(wall, "#ffffff", .3), wall) + rect(0, FLOOR - 12, WIDTH, 12, "#ffffff")
            + boards("#d4b48c") + f'<ellipse cx="320" cy="414" rx="278" ry="58" fill="{cloth}"/>'
            f'<ellipse cx="320" cy="414" rx="248" ry="46" fill="none" stroke="#f6efe4"'
            ' stroke-width="5" stroke-dasharray="14 10"/>' + frame(470, 70, "#4f5a5e"))


def evening(draw):
    wall = draw.choice(["#6f6459", "#5c6570", "#75605f"])
    return ("<defs>" + gradient("lamp", (0, "#ffd993", .85), (1, "#ffd993", 0), kind="radial",
                                place='cx=".5" cy=".5" r=".5"') + "</defs>"
            + down(wall, mix(wall, "#000000", .3)) + boards("#7c5a3e")
            + '<circle cx="548" cy="128" r="250" fill="url(#lamp)"/>'
            + path("M514 128h68l-16-62h-36Z", "#ffeec9") + rect(545, 128, 6, 214, "#3c332c")
            + '<ellipse cx="548" cy="344" rx="36" ry="9" fill="#3c332c"/>')


def door(draw):
    """Something to hang clothes on: a panelled door with a hook."""
    paint = draw.choice(["#e9e4da", "#c8d2d0", "#d8c6b4"])
    line = mix(paint, "#000000", .16)
    panels = "".join(rect(x, y, 150, high, "none", f' stroke="{line}" stroke-width="5"')
                     for x in (152, 338) for y, high in ((36, 190), (262, 230)))
    return (down("#b9aea0", "#a39788") + rect(116, -10, 408, 500, paint) + panels
            + rect(490, 250, 14, 54, "#a98d4f", ' rx="7"') + window_light()
            + path("M312 18h16v24q0 14-14 16", "none", ' stroke="#7d6a3c" stroke-width="7"'))


def bed(draw):
    linen = draw.choice(["#e8ecef", "#eee6dc", "#dfe6dd"])
    fold = mix(linen, "#3c4652", .16)
    folds = "".join(f"M{x} 0q{bend} 160 {-bend} 300t{bend} 200" for x, bend in (
        (70, 34), (190, -22), (330, 28), (470, -30), (580, 24)))
    return (down(mix(linen, "#ffffff", .4), linen)
            + path(folds, "none", f' stroke="{fold}" stroke-width="9" opacity=".55"')
            + path("M0 0h640v70q-160 46-320 20T0 92Z", mix(linen, "#7f93a8", .32)))


def table(draw):
    wood = draw.choice(["#b88a5a", "#d0b088", "#8d6748"])
    wall = draw.choice(["#cfd8d6", "#e3dccf", "#d5cfdc"])
    grain = "".join(f"M0 {y}q160 {bend} 320 0t320 0" for y, bend in (
        (340, 6), (366, -9), (398, 10), (436, -8), (464, 7)))
    return (down(mix(wall, "#ffffff", .35), wall) + rect(56, 30, 168, 190, "#eef5f8",
                                                         ' stroke="#ffffff" stroke-width="12"')
            + path("M140 30v190M56 124h168", "none", ' stroke="#ffffff" stroke-width="8"')
            + rect(0, FLOOR, WIDTH, HEIGHT - FLOOR, wood)
            + path(grain, "none", f' stroke="{mix(wood, "#000000", .18)}" stroke-width="3"')
            + path("M528 300h70v62q0 16-16 16h-38q-16 0-16-16Z", "#f4f1ea")
            + path("M598 316q26-4 26 16t-26 18", "none", ' stroke="#f4f1ea" stroke-width="9"'))


def windowsill(draw):
    far = draw.choice(["#8fa98a", "#7f9bb3", "#a9a48f"])
    return (down("#cfe4f2", "#eef5ee") + path(f"M0 250q150-90 320-30t320-40v160H0Z", far)
            + path("M0 300q200-60 400-14t240-26v80H0Z", mix(far, "#233322", .25))
            + rect(308, 0, 22, FLOOR, "#fbf9f4") + rect(0, FLOOR - 10, WIDTH, 24, "#fffdf8")
            + rect(0, FLOOR + 14, WIDTH, HEIGHT, "#efe9de") + plant(590, FLOOR + 60, "#6d8f5c"))


def doormat(draw):
    mat = draw.choice(["#8a6f4d", "#5f6b62", "#7a5a52"])
    tiles = "".join(f"M{320 + 70 * i} {FLOOR}L{320 + 170 * i} {HEIGHT}" for i in range(-6, 7))
    return (down("#e6dfd2", "#d3c9b8") + rect(0, FLOOR - 16, WIDTH, 16, "#f7f3ea")
            + rect(0, FLOOR, WIDTH, HEIGHT, "#b7b3aa")
            + path(tiles + f"M0 {FLOOR + 40}h640M0 {FLOOR + 104}h640", "none",
                   ' stroke="#9f9a90" stroke-width="3"')
            + path("M118 352h404l66 108H52Z", mat)
            + path("M136 364h368l50 84H86Z", "none", ' stroke="#e9dfcb" stroke-width="4" opacity=".6"'))


def meadow(draw):
    grass = draw.choice(["#86a35c", "#7b9a66", "#9aa65a"])
    tufts = "".join(f"M{x} {y}l4-16 4 16 5-12 4 12" for x, y in (
        (40, 400), (130, 446), (214, 372), (420, 380), (520, 452), (600, 396), (330, 466)))
    return (down("#a9d0ec", "#e9f3ee") + '<circle cx="540" cy="84" r="40" fill="#fff4cf"/>'
            + path("M0 260q120-80 250-30t390-50v160H0Z", mix(grass, "#5c7f8f", .45))
            + path("M0 310q220-44 640-6v180H0Z", grass)
            + path(tufts, "none", f' stroke="{mix(grass, "#1f3a14", .45)}" stroke-width="3"'))


def mountains(draw):
    rock = draw.choice(["#7f8fa3", "#8b8796", "#7b958f"])
    return (down("#8fbbe0", "#f3e9df") + path("M-20 320 130 110l90 120 110-160 150 190 80-90 120 150Z",
                                              rock)
            + path("M130 110l34 46-30 14-24-18ZM330 70l44 56-40 20-36-26Z", "#f6f8fa")
            + path("M0 310q160-34 330-8t310-12v200H0Z", "#8c9a63")
            + path("M60 480q90-90 250-120t250-48", "none",
                   ' stroke="#d9c9a3" stroke-width="26" opacity=".7"'))


def forest(draw):
    green = draw.choice(["#3f5f45", "#4a6650", "#55683f"])
    trunks = "".join(rect(x, 0, wide, FLOOR + 20, mix("#6b533f", "#000000", shade))
                     for x, wide, shade in ((26, 44, .1), (150, 26, .3), (236, 18, .4),
                                            (452, 24, .35), (548, 52, .05)))
    return (down(mix(green, "#dfe8b8", .55), green) + trunks
            + path("M0 300q170-36 340-6t300-8v200H0Z", mix(green, "#8a7a4a", .45))
            + path("M0 380q200-40 640 0v110H0Z", mix(green, "#8a7a4a", .25))
            + path("M300 0h120l110 330H240Z", "#fff8d0", ' opacity=".22"'))


def beach(draw):
    sand = draw.choice(["#e6d2a6", "#dcc7a0", "#ecdcb8"])
    return (down("#8ecbe8", "#e8f4f4") + rect(0, 214, WIDTH, 120, "#4f9fb5")
            + path("M0 246h640M60 272h420M200 292h440", "none", ' stroke="#d9f1f3" stroke-width="4"')
            + path("M0 316q150-22 320-6t320-12v190H0Z", sand)
            + path("M80 420q60-14 120 0M380 450q80-16 150 0M460 372q40-8 80 0", "none",
                   f' stroke="{mix(sand, "#7a5a2a", .3)}" stroke-width="5"'))


def terrace(draw):
    stone = draw.choice(["#b5ada1", "#a7a9a8", "#bda893"])
    bricks = "".join(f"M0 {y}h640" for y in range(40, FLOOR, 44)) + "".join(
        f"M{x + (40 if row % 2 else 0)} {40 + 44 * (row - 1)}v44"
        for row in range(7) for x in range(30, 640, 86))
    return (down("#c98f72", "#b87f63") + path(bricks, "none",
                                              ' stroke="#e0c3ae" stroke-width="4" opacity=".7"')
            + rect(0, FLOOR, WIDTH, HEIGHT, stone)
            + path(f"M0 {FLOOR + 54}h640M120 {FLOOR}l-60 162M330 {FLOOR}v162M520 {FLOOR}l70 162",
                   "none", f' stroke="{mix(stone, "#000000", .2)}" stroke-width="3"')
            + plant(70, FLOOR + 50, "#54764c"))


# Where a product of each kind is photographed.
WORN = [door, bed, evening, living_room, terrace]
SHOES = [doormat, rug, terrace, forest, mountains]
DEVICES = [table, windowsill, evening, living_room, bed]
FURNITURE = [living_room, rug, evening, terrace, windowsill]
OUTDOOR = [meadow, mountains, forest, beach, living_room]
SCENES = {
    **dict.fromkeys(["jacket", "jumper", "shirt", "dress", "skirt"], WORN),
    **dict.fromkeys(["boot", "sneaker", "sandal"], SHOES),
    **dict.fromkeys(["speaker", "watch", "reader", "camera", "headset", "projector", "display",
                     "keyboard"], DEVICES),
    **dict.fromkeys(["bookcase", "table", "bed", "sideboard", "desk", "wardrobe", "rack", "stool",
                     "bench"], FURNITURE),
    **dict.fromkeys(["tent", "backpack", "duffel"], OUTDOOR),
}

# ---- The photo -----------------------------------------------------------------------------------


def in_colour(drawing, colour):
    shades = {"main": colour, "deep": mix(colour, "#000000", .38), "soft": "#fffaf2", "line": "#26211c"}
    return re.sub(r"var\(--(\w+)\)", lambda found: shades[found[1]], drawing)


def photo(drawing, colour, scene, draw):
    lies = scene is bed  # seen from above
    hangs = scene is door
    size = draw.uniform(1.7, 1.95)
    turn = draw.uniform(-16, 16) if lies else draw.uniform(-2, 2)
    flip = -1 if not hangs and draw.random() < .4 else 1
    x = 320 + draw.uniform(-26, 26) * (0 if hangs else 1)
    bottom = FLOOR + 132 + draw.uniform(-8, 14)
    y = 242 if lies or hangs else bottom - 78 * size  # the drawings end at 172 of 200, about
    light = draw.choice(["#ffb45e", "#7fa6d8", "#ffffff", "#ffd9a8"])
    shadow = (f'<ellipse cx="{x:.0f}" cy="{bottom - 4:.0f}" rx="{84 * size:.0f}" ry="15"'
              ' fill="#20140a" opacity=".34" filter="url(#soft)"/>' if not lies and not hangs else "")
    dropped = ' filter="url(#drop)"' if lies or hangs else ""
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">
<filter id="soft"><feGaussianBlur stdDeviation="9"/></filter>
<filter id="drop"><feDropShadow dx="5" dy="7" stdDeviation="6" flood-color="#20140a" flood-opacity=".4"/></filter>
{scene(draw)}
{shadow}
<g transform="translate({x:.0f} {y:.0f}) rotate({turn:.1f}) scale({flip * size:.2f} {size:.2f}) translate(-100 -100)"{dropped}>
{in_colour(drawing, colour)}
</g>
<defs>{gradient("edge", (.55, "#1a1208", 0), (1, "#1a1208", .34), kind="radial", place='cx=".5" cy=".48" r=".75"')}</defs>
{rect(0, 0, WIDTH, HEIGHT, light, ' opacity=".08"')}{rect(0, 0, WIDTH, HEIGHT, "url(#edge)")}
</svg>
"""


def slug(name):
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "-")


def main(directory):
    symbols = dict(re.findall(r'<symbol id="(\w+)"[^>]*>(.*?)</symbol>',
                              (CHECKOUT / "web/pictures.svg").read_text(encoding="utf-8"), re.DOTALL))
    source = (CHECKOUT / "web/colours.js").read_text(encoding="utf-8")
    colours = json.loads(source.partition("colours = ")[2])
    for kind, scenes in SCENES.items():
        drawing = re.sub(r"\s*\n\s*", "\n", symbols[kind]).strip()
        (directory / kind).mkdir(parents=True)
        for name, colour in colours:
            for number, scene in enumerate(scenes, 1):
                draw = random.Random(f"{kind} {name} {number}")
                (directory / kind / f"{slug(name)}-{number}.svg").write_text(
                    photo(drawing, colour, scene, draw), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: draw-photos.py DIR")
    main(Path(sys.argv[1]))
