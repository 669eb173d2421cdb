// Words as signs, for practice.

const FOLDED = { "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ؤ": "و" };
const MARKS = /[\u064b-\u065f\u0670\u0640]/g; // vowels and the stroke that only lengthens

// A word as it is compared: case, marks and forms of a letter that the signs do not tell apart are one.
export const folded = (text) => text.trim().toLowerCase().replace(MARKS, "").replace(/[أإآٱىؤ]/g, (letter) => FOLDED[letter]);

// The signs that spell a word, or null where one of its letters has none.
export function spelling(word, signs) {
  const known = new Map(signs.map((sign) => [sign.letter.toLowerCase(), sign]));
  const found = [...folded(word)].map((letter) => (letter === " " ? known.get("space") : known.get(letter)));
  return found.length && found.every(Boolean) ? found : null;
}
