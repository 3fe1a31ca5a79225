/* The colours that the goods of the demo shop come in. From the bracket on this is JSON, which
 * scripts/draw-photos.py reads too; src/generate/dataset.c has their names as a photo's address has them. */
export const colours = [
  ["Moss green", "#5f7a4a"],
  ["Navy", "#2f4a72"],
  ["Burgundy", "#8a2f3f"],
  ["Mustard", "#c8962e"],
  ["Turquoise", "#2f8f8a"],
  ["Sand", "#b08f60"],
  ["Rosé", "#c4747d"],
  ["Light blue", "#6795bd"],
  ["Terracotta", "#b5623f"],
  ["Dark grey", "#5a5f66"]
]
