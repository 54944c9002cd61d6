"""Arcs: what happens, step by step, in each kind of story.

An arc is a list of beats; a beat is one panel. Its causes come before it (nobody chases a thief
before something is stolen), so the order of panels can be told from what they show and say. Roles
are filled with characters of the book, A, B and C with places. In `who`, a role is followed by
pose and emotion; in `says`, a star is a thought and an exclamation mark a shout.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beat:
    """One panel of an arc.

    Attributes:
        step: Name within the arc, which is also the event's.
        shot: establishing, long, medium or close.
        place: A, B or C.
        who: "role/pose/emotion" of all present, leading figure first.
        deed: What is done, in English, for the summary.
        says: Lines in speaking order: caption, sound, role, role* (thinks), role! (shouts).
        holder: Role that has the arc's thing in hand, or None.
        is_optional: Left out first when there is little room.
        light: Hour that the beat insists on, or None.
        prop: Another thing than the arc's, or None.
    """

    step: str
    shot: str
    place: str
    who: str
    deed: str
    says: str
    holder: str | None = None
    is_optional: bool = False
    light: str | None = None
    prop: str | None = None


@dataclass(frozen=True, slots=True)
class Arc:
    """A kind of story.

    Attributes:
        roles: In the order in which the cast fills them.
        prop: The thing it is about, or None where any will do.
        wishes: (role, kinds that suit it best) pairs.
        places: (A, B or C, places that suit it) pairs; others may be anywhere.
    """

    name: str
    roles: tuple[str, ...]
    beats: tuple[Beat, ...]
    prop: str | None = None
    wishes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    places: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def n_least(self) -> int:
        """Beats that cannot be left out."""
        return sum(not b.is_optional for b in self.beats)


_HOMES = ("kitchen", "library", "hall", "castle", "ship")
_WILDS = ("forest", "mountain", "sea", "roof", "market")

_THEFT = Arc(
    "theft", ("owner", "thief", "friend"),
    (
        Beat("guard", "establishing", "A", "owner/hold/happy", "{owner} guards {prop}",
             "caption owner", "owner"),
        Beat("plan", "medium", "A", "thief/sneak/smug", "{thief} secretly watches {prop}", "thief*"),
        Beat("steal", "long", "A", "thief/run/smug", "{thief} steals {prop}", "caption sound",
             "thief"),
        Beat("missing", "close", "A", "owner/cower/surprised", "{owner} finds that {prop} is gone",
             "owner!"),
        Beat("ask", "medium", "A", "owner/point/worried friend/think/thinking",
             "{owner} asks {friend} who took {prop}", "owner friend", is_optional=True),
        Beat("chase", "long", "B", "owner/run/angry thief/run/scared", "{owner} chases {thief}",
             "owner! thief", "thief"),
        Beat("hide", "medium", "C", "thief/cower/scared", "{thief} hides", "thief*"),
        Beat("search", "long", "C", "friend/point/surprised owner/sneak/determined",
             "{owner} and {friend} search for {thief}", "friend owner", is_optional=True),
        Beat("found", "medium", "C", "owner/point/angry thief/cower/scared",
             "{owner} finds {thief}", "owner! thief", "thief"),
        Beat("confess", "close", "C", "thief/stand/sad", "{thief} confesses", "thief"),
        Beat("forgive", "medium", "A", "owner/hold/happy thief/stand/joy",
             "{owner} forgives {thief}", "owner thief", "owner"),
        Beat("end", "establishing", "A", "owner/wave/happy thief/cheer/joy",
             "{owner} and {thief} guard {prop} together", "caption", is_optional=True),
    ),
    wishes=(("thief", ("cat", "fox", "pirate", "rabbit")), ("owner", ("witch", "chef", "knight"))),
    places=(("A", _HOMES), ("B", _WILDS), ("C", ("cave", "forest", "ship", "library"))),
)
_MAP = Arc(
    "map", ("hero", "friend", "stranger"),
    (
        Beat("find", "medium", "A", "hero/hold/surprised", "{hero} finds an old map",
             "caption hero", "hero", prop="map"),
        Beat("read", "medium", "A", "hero/hold/talking friend/point/thinking",
             "{hero} and {friend} read the map", "hero friend", "hero", prop="map"),
        Beat("leave", "establishing", "B", "hero/run/happy friend/stand/worried",
             "{hero} and {friend} set out", "caption friend"),
        Beat("obstacle", "long", "B", "friend/point/scared hero/fall/scared",
             "{hero} falls", "sound friend!"),
        Beat("rest", "medium", "B", "friend/sit/talking hero/sit/happy",
             "{hero} and {friend} rest", "friend hero", is_optional=True, light="night"),
        Beat("arrive", "establishing", "C", "hero/point/joy friend/stand/happy",
             "{hero} and {friend} arrive", "caption hero"),
        Beat("guardian", "medium", "C", "stranger/point/angry hero/cower/scared",
             "{stranger} stops {hero}", "stranger! hero"),
        Beat("riddle", "medium", "C", "stranger/stand/smug hero/think/thinking",
             "{stranger} asks a riddle", "stranger hero*", is_optional=True),
        Beat("answer", "close", "C", "hero/point/determined", "{hero} knows the answer", "hero!",
             is_optional=True),
        Beat("open", "long", "C", "hero/cheer/joy friend/cheer/surprised",
             "{hero} and {friend} open the treasure", "sound hero!", "hero"),
        Beat("share", "medium", "C", "hero/hold/happy stranger/stand/sad",
             "{hero} shares the treasure with {stranger}", "hero stranger", "hero"),
        Beat("home", "establishing", "A", "hero/wave/happy stranger/wave/joy friend/stand/happy",
             "{hero}, {friend} and {stranger} come home", "caption", is_optional=True),
    ),
    prop="treasure",
    wishes=(("hero", ("pirate", "fox", "astronaut")), ("stranger", ("ghost", "bear", "knight"))),
    places=(("A", ("library", "kitchen", "market")), ("B", ("sea", "mountain", "forest")),
            ("C", ("cave", "castle", "hall"))),
)
_MYSTERY = Arc(
    "mystery", ("sleuth", "owner", "culprit"),
    (
        Beat("report", "medium", "A", "owner/cower/worried sleuth/think/neutral",
             "{owner} reports that {prop} is gone", "owner sleuth"),
        Beat("scene", "establishing", "A", "sleuth/sneak/thinking", "{sleuth} inspects the place",
             "caption sleuth*"),
        Beat("clue", "close", "A", "sleuth/think/surprised", "{sleuth} finds a clue", "sleuth"),
        Beat("question", "medium", "B", "sleuth/point/determined culprit/stand/worried",
             "{sleuth} questions {culprit}", "sleuth culprit"),
        Beat("watch", "establishing", "B", "sleuth/sit/thinking", "{sleuth} keeps watch at night",
             "caption sleuth*", is_optional=True, light="night"),
        Beat("noise", "close", "B", "sleuth/stand/surprised", "{sleuth} hears a noise",
             "sound sleuth*", is_optional=True, light="night"),
        Beat("trap", "long", "C", "culprit/sneak/smug", "{culprit} moves {prop} secretly",
             "culprit*", "culprit", light="night"),
        Beat("reveal", "medium", "C", "sleuth/point/determined culprit/fall/surprised",
             "{sleuth} catches {culprit}", "sleuth! culprit", "culprit", light="night"),
        Beat("why", "close", "C", "culprit/stand/sad", "{culprit} says why", "culprit",
             light="night"),
        Beat("return", "medium", "A", "owner/hold/joy sleuth/wave/happy",
             "{sleuth} gives {prop} back to {owner}", "owner sleuth", "owner"),
        Beat("closed", "establishing", "A", "sleuth/stand/happy", "{sleuth} closes the case",
             "caption", is_optional=True),
    ),
    wishes=(("sleuth", ("detective", "robot", "rabbit")), ("culprit", ("cat", "fox", "ghost"))),
    places=(("A", _HOMES), ("B", ("market", "roof", "hall", "sea")), ("C", ("roof", "cave", "ship"))),
)
_LETTER = Arc(
    "letter", ("carrier", "sender", "receiver"),
    (
        Beat("ask", "medium", "A", "sender/hold/talking carrier/stand/happy",
             "{sender} gives a letter to {carrier}", "sender carrier", "sender"),
        Beat("go", "long", "B", "carrier/run/happy", "{carrier} sets out with the letter",
             "caption carrier", "carrier", light="day"),
        Beat("rain", "establishing", "B", "carrier/run/worried", "{carrier} walks through the rain",
             "caption carrier*", "carrier", light="rain"),
        Beat("wind", "long", "B", "carrier/fall/scared", "the wind takes the letter",
             "sound carrier!", light="rain"),
        Beat("despair", "close", "B", "carrier/stand/sad", "{carrier} despairs", "carrier*",
             is_optional=True, light="rain"),
        Beat("helper", "medium", "B", "sender/hold/happy carrier/cheer/joy",
             "{sender} brings the letter back", "sender carrier!", "sender", light="rain"),
        Beat("arrive", "establishing", "C", "carrier/wave/happy", "{carrier} arrives",
             "caption carrier", "carrier", light="dusk"),
        Beat("read", "close", "C", "receiver/hold/surprised", "{receiver} reads the letter",
             "receiver", "receiver", light="dusk"),
        Beat("joy", "medium", "C", "receiver/cheer/joy carrier/stand/happy",
             "{receiver} is happy about the letter", "receiver carrier", light="dusk"),
        Beat("home", "establishing", "B", "carrier/run/joy", "{carrier} walks home", "caption",
             is_optional=True, light="day"),
    ),
    prop="letter",
    wishes=(("carrier", ("rabbit", "robot", "fox")), ("receiver", ("bear", "ghost", "witch"))),
    places=(("A", _HOMES), ("B", ("roof", "mountain", "forest", "sea")), ("C", ("castle", "market", "sea"))),
)
_RESCUE = Arc(
    "rescue", ("hero", "friend", "lost"),
    (
        Beat("miss", "medium", "A", "hero/stand/worried friend/point/scared",
             "{hero} asks where {lost} is", "hero friend"),
        Beat("call", "establishing", "B", "hero/cheer/worried friend/sneak/worried",
             "{hero} and {friend} call for {lost}", "caption hero!", light="dusk"),
        Beat("hear", "medium", "B", "friend/think/surprised hero/point/surprised",
             "{friend} hears a voice", "friend hero", is_optional=True, light="dusk"),
        Beat("trapped", "long", "C", "lost/cheer/scared", "{lost} sits trapped", "lost!",
             light="night"),
        Beat("idea", "medium", "C", "hero/think/determined friend/stand/worried",
             "{hero} has an idea", "hero friend", light="night"),
        Beat("pull", "long", "C", "hero/run/determined friend/run/determined lost/fly/scared",
             "{hero} and {friend} pull {lost} up", "sound hero!", light="night"),
        Beat("safe", "medium", "C", "lost/stand/joy hero/stand/happy", "{lost} is safe",
             "lost hero", light="night"),
        Beat("lesson", "establishing", "A", "lost/sit/happy hero/sit/joy friend/sit/happy",
             "{lost}, {hero} and {friend} eat soup", "caption lost", is_optional=True),
    ),
    prop="lantern",
    wishes=(("hero", ("knight", "bear", "astronaut")), ("lost", ("cat", "rabbit", "ghost"))),
    places=(("A", ("kitchen", "hall", "market")), ("B", ("mountain", "forest", "sea")), ("C", ("cave", "castle"))),
)
_SPELL = Arc(
    "spell", ("maker", "victim", "friend"),
    (
        Beat("warn", "medium", "A", "maker/hold/determined victim/stand/happy",
             "{maker} warns {victim} not to touch {prop}", "maker victim", "maker"),
        Beat("touch", "close", "A", "victim/hold/smug", "{victim} tries {prop}",
             "caption victim*", "victim"),
        Beat("boom", "long", "A", "victim/fall/surprised", "{prop} explodes", "sound victim"),
        Beat("float", "long", "A", "victim/fly/scared maker/point/surprised",
             "{victim} floats in the air", "victim! maker!"),
        Beat("worry", "medium", "A", "friend/point/surprised maker/cower/worried",
             "{maker} and {friend} worry", "friend maker", is_optional=True),
        Beat("lookup", "medium", "C", "maker/hold/thinking friend/stand/happy",
             "{maker} looks for a cure in the old book", "maker friend", "maker", prop="book"),
        Beat("fetch", "long", "B", "friend/run/determined maker/run/worried",
             "{maker} and {friend} fetch what the cure needs", "caption friend", is_optional=True),
        Beat("cure", "medium", "A", "maker/hold/determined victim/fly/worried",
             "{maker} gives {victim} the cure", "maker victim", "maker", prop="potion"),
        Beat("land", "long", "A", "victim/fall/surprised", "{victim} falls to the ground",
             "sound victim"),
        Beat("joke", "medium", "A", "maker/point/smug victim/sit/joy",
             "{maker} and {victim} laugh about it", "maker victim"),
    ),
    prop="potion",
    wishes=(("maker", ("witch", "chef", "robot")), ("victim", ("cat", "rabbit", "knight"))),
    places=(("A", ("kitchen", "hall", "ship")), ("B", ("sea", "forest", "mountain")), ("C", ("library",))),
)
_RACE = Arc(
    "race", ("racer", "rival", "judge"),
    (
        Beat("boast", "medium", "A", "racer/cheer/smug rival/stand/neutral", "{racer} boasts",
             "racer rival"),
        Beat("bet", "medium", "A", "rival/point/determined racer/stand/smug",
             "{rival} and {racer} make a bet", "rival racer", is_optional=True),
        Beat("start", "establishing", "B", "judge/cheer/talking racer/run/determined rival/run/happy",
             "{judge} starts the race", "caption judge! sound", light="day"),
        Beat("ahead", "long", "B", "racer/run/joy", "{racer} runs far ahead", "racer sound",
             light="day"),
        Beat("nap", "medium", "B", "racer/sit/smug", "{racer} takes a nap", "racer*", light="day"),
        Beat("steady", "long", "B", "rival/run/determined", "{rival} walks on steadily", "rival*",
             is_optional=True, light="day"),
        Beat("overtake", "long", "B", "rival/sneak/happy racer/sit/joy", "{rival} overtakes {racer}",
             "caption rival", light="day"),
        Beat("wake", "close", "B", "racer/cower/surprised", "{racer} wakes up too late", "racer!",
             light="dusk"),
        Beat("finish", "establishing", "C", "judge/cheer/joy rival/cheer/joy", "{rival} wins the race",
             "judge! rival", light="dusk"),
        Beat("admit", "medium", "C", "racer/stand/sad rival/wave/happy", "{racer} admits defeat",
             "racer rival", light="dusk"),
    ),
    prop="crown",
    wishes=(("racer", ("rabbit", "fox", "astronaut")), ("rival", ("bear", "robot", "ghost"))),
    places=(("A", ("market", "forest")), ("B", ("forest", "mountain", "sea")), ("C", ("castle", "market", "roof"))),
)
_VISITOR = Arc(
    "visitor", ("local", "visitor", "friend"),
    (
        Beat("light", "establishing", "A", "local/point/surprised", "{local} sees a light in the sky",
             "caption local", light="night"),
        Beat("land", "long", "B", "local/fall/scared", "something lands", "sound local!",
             light="night"),
        Beat("fear", "medium", "B", "friend/cower/scared local/point/determined",
             "{friend} is afraid", "friend local", is_optional=True, light="night"),
        Beat("meet", "medium", "B", "visitor/wave/happy local/fall/surprised",
             "{local} meets {visitor}", "visitor local", light="night"),
        Beat("confuse", "medium", "A", "visitor/point/thinking friend/stand/worried",
             "{visitor} misunderstands {friend}", "visitor friend", is_optional=True, light="day"),
        Beat("gift", "medium", "A", "visitor/hold/happy local/stand/joy",
             "{visitor} gives {prop} to {local}", "visitor local", "visitor", light="day"),
        Beat("show", "establishing", "C", "visitor/cheer/joy local/point/happy friend/stand/happy",
             "{local} shows {visitor} the place", "caption visitor", "local", light="day"),
        Beat("call", "close", "C", "visitor/think/sad", "{visitor} has to go home", "visitor",
             light="dusk"),
        Beat("leave", "long", "B", "visitor/fly/happy local/wave/sad friend/wave/sad",
             "{visitor} leaves", "sound local!", "local", light="night"),
        Beat("sky", "establishing", "A", "local/sit/happy", "{local} looks at the stars", "caption",
             "local", is_optional=True, light="night"),
    ),
    wishes=(("visitor", ("astronaut", "robot", "ghost")), ("local", ("bear", "chef", "cat"))),
    places=(("A", ("castle", "forest", "roof")), ("B", ("mountain", "forest", "sea")), ("C", ("market", "library", "kitchen"))),
)
_RIDDLE = Arc(
    "riddle", ("asker", "guesser"),
    (
        Beat("ask", "medium", "A", "asker/point/smug guesser/stand/neutral",
             "{asker} asks {guesser} a riddle", "asker guesser"),
        Beat("ponder", "close", "A", "guesser/think/thinking", "{guesser} thinks", "guesser*"),
        Beat("guess", "medium", "A", "guesser/cheer/determined asker/stand/smug",
             "{guesser} guesses", "guesser asker", is_optional=True),
        Beat("answer", "long", "A", "asker/wave/joy guesser/cower/surprised",
             "{asker} tells the answer", "asker guesser"),
    ),
)
_SNACK = Arc(
    "snack", ("baker", "eater"),
    (
        Beat("bake", "medium", "A", "baker/hold/happy", "{baker} has baked a cake", "baker", "baker"),
        Beat("smell", "close", "B", "eater/think/smug", "{eater} smells the cake", "eater*",
             is_optional=True),
        Beat("eat", "long", "A", "eater/hold/joy", "{eater} eats the cake", "caption", "eater"),
        Beat("caught", "medium", "A", "baker/point/angry eater/cower/worried",
             "{baker} catches {eater}", "baker! eater"),
    ),
    prop="cake",
    places=(("A", ("kitchen", "hall")), ("B", _WILDS)),
)
INTERLUDES = (
    Beat("walk", "medium", "A", "one/stand/talking two/think/happy", "{one} and {two} remember",
         "one two"),
    Beat("look", "establishing", "A", "", "nobody is there", "caption"),
    Beat("talk", "medium", "A", "one/stand/talking two/wave/happy", "{one} and {two} talk", "one two"),
    Beat("dream", "close", "A", "one/think/happy", "{one} dreams", "one*"),
)
FINALE = Beat("finale", "establishing", "A", "one/wave/joy two/wave/happy", "{one} and {two} say goodbye",
              "caption")
ARCS: dict[str, Arc] = {
    arc.name: arc
    for arc in (_THEFT, _MAP, _MYSTERY, _LETTER, _RESCUE, _SPELL, _RACE, _VISITOR)
}
# Short ones, for what is left of a book after its arcs.
SHORT_ARCS: dict[str, Arc] = {arc.name: arc for arc in (_RIDDLE, _SNACK)}
