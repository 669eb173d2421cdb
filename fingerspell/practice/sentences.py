"""The words of advice, in English and in Arabic: a sentence for every key, or one for every finger."""

_EN = {"index": "index finger", "middle": "middle finger", "ring": "ring finger", "little": "little finger"}
_AR = {"index": "السبابة", "middle": "الوسطى", "ring": "البنصر", "little": "الخنصر"}


def _each(words: str, fingers: dict[str, str]) -> dict[str, str]:
    return {finger: words.format(name) for finger, name in fingers.items()}


def _pairs(words: str, fingers: dict[str, str]) -> dict[str, str]:
    """One sentence for each finger and the neighbour on the little finger's side."""
    return {
        finger: words.format(name, fingers[beside])
        for (finger, name), beside in zip(fingers.items(), list(fingers)[1:])
    }


_SHORT = {finger: name.removesuffix(" finger") for finger, name in _EN.items()}

SENTENCES: dict[str, dict[str, str | dict[str, str]]] = {
    "en": {
        "bend_more": _each("Bend the {} more.", _EN),
        "bend_all": "Bend all four fingers more.",
        "stretch": _each("Straighten the {}.", _EN),
        "stretch_all": "Straighten all four fingers.",
        "together": _pairs("Put the {} and {} fingers together.", _SHORT),
        "spread": _pairs("Spread the {} and {} fingers apart.", _SHORT),
        "uncross": _pairs("Uncross the {} and {} fingers.", _SHORT),
        "cross": _pairs("Cross the {} and {} fingers.", _SHORT),
        "thumb_beside": "Lay the thumb upright against the side of the index finger.",
        "thumb_palm": "Lay the thumb across the palm.",
        "thumb_opposite": "Curve the thumb opposite the fingertips, and leave a gap between them.",
        "thumb_below": "Fold the thumb below the fingertips.",
        "thumb_along": "Point the thumb the same way as the index finger.",
        "thumb_folded": "Lay the thumb over the folded fingers.",
        "thumb_across": "Lay the thumb across the front of the fingers.",
        "thumb_between": "Put the thumb between the index and middle fingers.",
        "thumb_out": "Stretch the thumb out to the side.",
        "thumb_up": "Point the thumb straight up.",
        "thumb_under_three": "Put the thumb under the index, middle and ring fingers.",
        "thumb_under_two": "Put the thumb under the index and middle fingers only.",
        "thumb_middle": "Rest the thumb on the middle finger.",
        "thumb_loose": "Rest the thumb loosely beside the palm.",
        "thumb_edge": "Lay the thumb along the edge of the palm.",
        "thumb_above_middle": "Raise the tip of the thumb above the middle finger.",
        "thumb_above_knuckles": "Raise the tip of the thumb above the knuckles.",
        "thumb_low": "Put the thumb low under the curled fingers.",
        "touch_index": "Touch the tip of the index finger with the thumb.",
        "touch_middle": "Touch the tip of the middle finger with the thumb.",
        "touch_little": "Hold the little finger down with the thumb.",
        "touch_index_middle": "Touch the tips of the index and middle fingers with the thumb.",
        "touch_tips": "Touch the fingertips with the thumb.",
        "hand_up": "Hold the hand upright.",
        "hand_side": "Turn the hand on its side.",
        "hand_down": "Point the fingers down.",
        "swing": "Swing the little finger to the side, as if drawing a J.",
        "palm_camera": "Turn the palm to the camera.",
        "palm_side": "Turn the wrist, so that the palm faces to the side.",
        "palm_away": "Turn the back of the hand to the camera.",
    },
    "ar": {
        "bend_more": _each("اثنِ {} أكثر.", _AR),
        "bend_all": "اثنِ الأصابع الأربعة أكثر.",
        "stretch": _each("افرد {}.", _AR),
        "stretch_all": "افرد الأصابع الأربعة.",
        "together": _pairs("ضمّ {} إلى {}.", _AR),
        "spread": _pairs("باعد بين {} و{}.", _AR),
        "uncross": _pairs("لا تجعل {} و{} متقاطعتين.", _AR),
        "cross": _pairs("اجعل {} و{} متقاطعتين.", _AR),
        "thumb_beside": "ضع الإبهام قائمًا بجانب السبابة.",
        "thumb_palm": "ضع الإبهام على راحة اليد.",
        "thumb_opposite": "قوّس الإبهام مقابل أطراف الأصابع، واترك بينها فراغًا.",
        "thumb_below": "اثنِ الإبهام تحت أطراف الأصابع.",
        "thumb_along": "وجّه الإبهام في اتجاه السبابة نفسه.",
        "thumb_folded": "ضع الإبهام فوق الأصابع المثنية.",
        "thumb_across": "ضع الإبهام أمام الأصابع المثنية.",
        "thumb_between": "ضع الإبهام بين السبابة والوسطى.",
        "thumb_out": "مدّ الإبهام إلى الجانب.",
        "thumb_up": "ارفع الإبهام إلى الأعلى.",
        "thumb_under_three": "ضع الإبهام تحت السبابة والوسطى والبنصر.",
        "thumb_under_two": "ضع الإبهام تحت السبابة والوسطى فقط.",
        "thumb_middle": "أسند الإبهام إلى الوسطى.",
        "thumb_loose": "ضع الإبهام مرتخيًا بجانب راحة اليد.",
        "thumb_edge": "ضع الإبهام على حافة راحة اليد.",
        "thumb_above_middle": "ارفع طرف الإبهام فوق الوسطى.",
        "thumb_above_knuckles": "ارفع طرف الإبهام فوق مفاصل الأصابع.",
        "thumb_low": "ضع الإبهام أسفل الأصابع المثنية.",
        "touch_index": "المس طرف السبابة بالإبهام.",
        "touch_middle": "المس طرف الوسطى بالإبهام.",
        "touch_little": "ثبّت الخنصر بالإبهام.",
        "touch_index_middle": "المس طرفي السبابة والوسطى بالإبهام.",
        "touch_tips": "المس أطراف الأصابع بالإبهام.",
        "hand_up": "ارفع اليد قائمة، والأصابع إلى الأعلى.",
        "hand_side": "أمِل اليد على جانبها.",
        "hand_down": "وجّه الأصابع إلى الأسفل.",
        "swing": "حرّك الخنصر إلى الجانب كأنك ترسم الحرف J.",
        "palm_camera": "وجّه راحة اليد إلى الكاميرا.",
        "palm_side": "أدر المعصم حتى تتجه راحة اليد إلى الجانب.",
        "palm_away": "وجّه ظهر اليد إلى الكاميرا.",
    },
}
