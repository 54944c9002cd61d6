"""Words that are noises, in the languages Longbox promises; letters drawn out count anyway."""

from __future__ import annotations

_ENGLISH = """
achoo bam bang bash beep bing blam blip bonk boom boing bump buzz clang clank clap clack click
clatter clink clomp clonk clop crack crackle crash creak crunch ding doff dong drip fizz flap flip
flop fwip fwoosh glug grab gulp hiss honk kaboom kapow kick klang klik klunk knock meow munch pat
peep ping plink plip plop poof poke pop pow punch purr rattle ring rip roar roll rumble rustle
screech shove sizzle slam slap slash slurp smack smash snap sniff snip snore splash splat splosh
splurt sproing squeak squish swish swoosh tap thud thump thunk thwack tick tink tock toink toss toot
tweet twang vroom wham whack whap whir whoosh whump woosh yank yoink zap zip zing zoom zot chomp
crinkle gasp sob sigh sniffle snort puff pant
"""
_FRENCH = """
badaboum bing bim boum clac clap clic cloc crac crounch ding dring driing glou glouglou hop miaou
paf pan pif pfiou plaf plouf pof pouf scrotch slurp snif splaf tac tchac tchak tic toc vlan vlam
vroum zou coin cui ouaf
"""
_SPANISH = (
    "bum catapum cataplum clac crac ding miau paf pam pataplum plaf pum tac tic toc zas zis guau"
)
_GERMAN = """
bumm dong klack klapp klatsch klick klirr klong knack knall knirsch knurr krach miau peng piep
platsch plumps poch puff quietsch ratsch rums rumms schluck schnapp seufz stöhn tapp tropf wumm
wumms zack zisch zosch wuff
"""
_JAPANESE = """
ドン ドーン バン バーン ガン ガタ ガタガタ ゴゴゴ ドキ ドキドキ ザー ザワ ザワザワ
パチ パチパチ ピカ ビク ビクッ ドカン ドサ ドサッ ガチャ ゴト コツ コツコツ キィ
キラ キラキラ シーン ぱら ざぶん どばどば ぽん ごくり
"""

SOUND_WORDS = frozenset(f"{_ENGLISH} {_FRENCH} {_SPANISH} {_GERMAN} {_JAPANESE}".casefold().split())
