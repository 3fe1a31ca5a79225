/* The goods of the demo shop. The service knows products by number only, so the rest is made up:
 * what a product is, from the photos and the words of its questions and answers where they tell; all
 * else from the number. */
import { colours } from './colours.js'

const shelves = [
  {
    shelf: 'Clothes',
    pitch: 'Cut for every day: soft from the first wear, easy to care for and made to last.',
    price: 49,
    clues: /\b(wash\w*|iron\w*|cotton|wool|shr[ai]nk|sleeves|shoulders|tight|snug|slim|sewn|buttons?|trousers|coat|autumn|winter|summer|daylight|skin)\b/gi,
    goods: {
      'rain jacket': 'jacket', 'denim jacket': 'jacket', 'winter coat': 'jacket', blazer: 'jacket',
      'wool jumper': 'jumper', hoodie: 'jumper', 'fleece pullover': 'jumper', cardigan: 'jumper',
      'linen shirt': 'shirt', 'polo shirt': 'shirt', 'summer dress': 'dress', 'pleated skirt': 'skirt'
    }
  },
  {
    shelf: 'Shoes',
    pitch: 'Made to be walked in all day: a soft footbed, a steady heel and a sole that can be replaced.',
    price: 79,
    clues: /\b(soles?|footbed|insoles?|instep|heels?|feet|toes|socks|blisters|resoled|slush|puddle|waterproof|slippery|soaked|walking)\b/gi,
    goods: {
      'hiking boot': 'boot', 'winter boot': 'boot', 'Chelsea boot': 'boot', 'running shoe': 'sneaker',
      sneaker: 'sneaker', 'canvas shoe': 'sneaker', loafer: 'sneaker', 'leather sandal': 'sandal'
    }
  },
  {
    shelf: 'Electronics',
    pitch: 'Small, quiet and quickly set up: charged by USB-C and built to be repaired.',
    price: 69,
    clues: /\b(battery|charg\w*|usb-c|app|pair\w*|bluetooth|connection|plug|beeps?|display|settings|splash\w*|rinse\w*|bedroom|bad weather)\b/gi,
    goods: {
      'wireless speaker': 'speaker', 'fitness watch': 'watch', 'e-reader': 'reader',
      'action camera': 'camera', headset: 'headset', 'pocket projector': 'projector',
      'baby monitor': 'display', 'weather station': 'display', keyboard: 'keyboard'
    }
  },
  {
    shelf: 'Furniture',
    pitch: 'Solid wood with an oiled surface; it comes in two parcels, with all tools in the box.',
    price: 149,
    clues: /\b(wood|veneer\w*|wobble|screws?|assembly|instructions|tools|dimensions|fingerprints?|stained|oil\w*|polished|surface|weight|cups)\b/gi,
    goods: {
      bookcase: 'bookcase', 'coffee table': 'table', 'café table': 'table', 'bed frame': 'bed',
      sideboard: 'sideboard', 'standing desk': 'desk', wardrobe: 'wardrobe', 'shoe rack': 'rack',
      'kitchen stool': 'stool', 'garden bench': 'bench'
    }
  },
  {
    shelf: 'Outdoor',
    pitch: 'Light to carry and hard to tear: ripstop fabric, taped seams and spare parts for ten years.',
    price: 99,
    clues: /\b(storm|taped|condensation|compartments?|luggage|patches|straps|rocks|ripstop|rain cover|buckles?|dog|packs?|needed|bleach)\b/gi,
    goods: {
      tent: 'tent', 'bivouac tent': 'tent', 'beach shelter': 'tent', 'hiking backpack': 'backpack',
      'travel backpack': 'backpack', 'duffel bag': 'duffel'
    }
  }
]

const series = ['Alder', 'Brise', 'Cove', 'Dune', 'Elm', 'Fjord', 'Grove', 'Harbour', 'Isar', 'Juniper',
  'Lumen', 'Marlow', 'Nordby', 'Orchard', 'Pine', 'Quay', 'Rowan', 'Skye', 'Tarn', 'Willow']

/* The address of a photo that the sample data have. */
const samplePhoto = /^\/photos\/([a-z]+)\/([a-z-]+)-\d+\.svg$/

/* The product of that number whose questions and answers contain `words` and the addresses `photos`. */
export function describeProduct(number, words, photos) {
  const seen = photos.map(photo => samplePhoto.exec(photo)).filter(Boolean)
  const picture = mostFrequent(seen.map(([, picture]) => picture))
  const tint = mostFrequent(seen.map(([, , tint]) => tint))
  const shelf = shelves.find(({ goods }) => Object.values(goods).includes(picture)) ??
    best(shelves, ({ clues, goods }) => countOf(words, clues) + 100 * countOf(words, nounsOf(goods))) ??
    pick(shelves, number, 1)
  const nouns = Object.keys(shelf.goods).sort((a, b) => b.length - a.length)
  const shown = nouns.filter(noun => shelf.goods[noun] === picture)
  const choice = shown.length > 0 ? shown : nouns
  const noun = best(choice, noun => countOf(words, nounsOf({ [noun]: '' }))) ?? pick(choice, number, 2)
  const [colour, hex] = colours.find(([name]) => slug(name) === tint) ??
    pick(colours, number, 3)
  return {
    name: `${pick(series, number, 4)} ${noun}`,
    picture: shelf.goods[noun],
    shelf: shelf.shelf,
    text: shelf.pitch,
    price: shelf.price + 10 * (scatter(number, 5) % 12),
    colour,
    hex
  }
}

/* A name as a photo's address has it: without case and accents. */
function slug(name) {
  return name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(' ', '-')
}

function nounsOf(goods) {
  return new RegExp(`\\b(${Object.keys(goods).join('|')})\\b`, 'gi')
}

function countOf(words, pattern) {
  return words.match(pattern)?.length ?? 0
}

/* The first of those with the highest score, nothing when all have 0. */
function best(list, scoreOf) {
  const scores = list.map(scoreOf)
  const highest = Math.max(...scores)
  return highest > 0 ? list[scores.indexOf(highest)] : undefined
}

function mostFrequent(list) {
  return best([...new Set(list)], one => list.filter(other => other === one).length)
}

function pick(list, number, salt) {
  return list[scatter(number, salt) % list.length]
}

function scatter(number, salt) {
  const mixed = Math.imul(number + Math.imul(salt, 0x85ebca6b), 0x9e3779b1)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
