"""What is spoken: sentences put together from parts written for this kit, and runs of common words.

A sentence is an opening, someone, what they did, and where: 740,000 sentences a language. Each
belongs to one split, by its digest, so that no sentence is heard in two; the words are the same, as in
any two texts of a language. A run of words follows the frequencies of the language (the package
`wordfreq`); that two runs of 24 words agree does not happen.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np

SPLITS = {"train": 0.66, "test": 0.14, "hidden": 0.20}

OPENINGS = {
    "de": """Gestern Abend | Heute Morgen | Vor drei Wochen | Kurz nach Mitternacht | Im letzten Sommer
        | Am frühen Nachmittag | Jeden zweiten Dienstag | Trotz des Regens | Zum ersten Mal
        | Ohne ein Wort zu sagen | Wie immer im Herbst | Nach dem Frühstück | Zwischen zwei Prüfungen
        | An seinem Geburtstag | Während der Ferien | Ganz plötzlich | Zu unserer Überraschung
        | Bei starkem Wind | Vor vielen Jahren | Am vierzehnten Februar | Gegen halb sechs
        | Mit großer Geduld""",
    "en": """Last night | This morning | Three weeks ago | Shortly after midnight | During the summer
        | Early in the afternoon | Every other Tuesday | In spite of the rain | For the first time
        | Without saying a word | As always in autumn | Right after breakfast | Between two exams
        | On his birthday | Throughout the holidays | All of a sudden | To our great surprise
        | In a very strong wind | Many years earlier | On the fourteenth of February | Around half past five
        | With a good deal of patience""",
    "es": """Anoche | Esta mañana | Hace tres semanas | Poco después de medianoche | El verano pasado
        | A primera hora de la tarde | Un martes de cada dos | A pesar de la lluvia | Por primera vez
        | Sin decir una palabra | Como siempre en otoño | Después del desayuno | Entre dos exámenes
        | El día de su cumpleaños | Durante las vacaciones | De repente | Para sorpresa nuestra
        | Con un viento muy fuerte | Hace muchos años | El catorce de febrero | Hacia las cinco y media
        | Con mucha paciencia""",
    "fr": """Hier soir | Ce matin | Il y a trois semaines | Peu après minuit | L'été dernier
        | En début d'après-midi | Un mardi sur deux | Malgré la pluie | Pour la première fois
        | Sans dire un mot | Comme toujours en automne | Juste après le petit déjeuner | Entre deux examens
        | Le jour de son anniversaire | Pendant les vacances | Tout à coup | À notre grande surprise
        | Par un vent très fort | Bien des années plus tôt | Le quatorze février | Vers cinq heures et demie
        | Avec beaucoup de patience""",
    "it": """Ieri sera | Questa mattina | Tre settimane fa | Poco dopo mezzanotte | L'estate scorsa
        | Nel primo pomeriggio | Un martedì su due | Nonostante la pioggia | Per la prima volta
        | Senza dire una parola | Come sempre in autunno | Subito dopo la colazione | Tra un esame e l'altro
        | Il giorno del suo compleanno | Durante le vacanze | All'improvviso | Con nostra grande sorpresa
        | Con un vento fortissimo | Molti anni prima | Il quattordici febbraio | Verso le cinque e mezza
        | Con tanta pazienza""",
}

# German puts the verb second: there, "someone" comes after the verb (see `sentence`).
SOMEONE = {
    "de": """meine Großmutter | der Nachbar | eine junge Ärztin | mein jüngster Bruder | die Bäckerin
        | unser alter Lehrer | ein müder Reisender | die Geigerin | der Bürgermeister | Frau Schröder
        | mein Vetter aus Leipzig | die Köchin | ein schüchternes Mädchen | der Zugführer | Herr Vogel
        | seine Schwester | die Studentin | ein Fischer | der Gärtner | meine Tante Ulrike | der Künstler
        | die Forscherin | ein neugieriges Kind | der Uhrmacher | die Nachtwächterin | mein bester Freund
        | die Richterin | der Briefträger | ein Seemann | die Schneiderin""",
    "en": """my grandmother | the neighbour | a young doctor | my youngest brother | the baker
        | our old teacher | a weary traveller | the violin player | the mayor | Mrs Wetherby
        | my cousin from Yorkshire | the cook | a rather shy girl | the train driver | Mr Thornton
        | his elder sister | the student | a fisherman | the gardener | my aunt Judith | the painter
        | the researcher | a curious child | the watchmaker | the night guard | my best friend
        | the judge | the postman | a sailor | the dressmaker""",
    "es": """mi abuela | el vecino | una doctora joven | mi hermano menor | la panadera
        | nuestro viejo maestro | un viajero cansado | la violinista | el alcalde | la señora Jiménez
        | mi primo de Zaragoza | la cocinera | una chica tímida | el maquinista | don Joaquín
        | su hermana mayor | la estudiante | un pescador | el jardinero | mi tía Rocío | el pintor
        | la investigadora | un niño curioso | el relojero | la vigilante nocturna | mi mejor amigo
        | la jueza | el cartero | un marinero | la modista""",
    "fr": """ma grand-mère | le voisin | une jeune médecin | mon plus jeune frère | la boulangère
        | notre vieux professeur | un voyageur fatigué | la violoniste | le maire | madame Lefèvre
        | mon cousin de Bordeaux | la cuisinière | une fille plutôt timide | le conducteur du train
        | monsieur Gauthier | sa grande sœur | l'étudiante | un pêcheur | le jardinier | ma tante Huguette
        | le peintre | la chercheuse | un enfant curieux | l'horloger | la veilleuse de nuit
        | mon meilleur ami | la juge | le facteur | un marin | la couturière""",
    "it": """mia nonna | il vicino di casa | una giovane dottoressa | il mio fratellino | la fornaia
        | il nostro vecchio maestro | un viaggiatore stanco | la violinista | il sindaco | la signora Gentili
        | mio cugino di Perugia | la cuoca | una ragazza timida | il macchinista | il signor Zanetti
        | sua sorella maggiore | la studentessa | un pescatore | il giardiniere | mia zia Graziella
        | il pittore | la ricercatrice | un bambino curioso | l'orologiaio | la guardiana notturna
        | il mio migliore amico | la giudice | il postino | un marinaio | la sarta""",
}

# German: auxiliary, then the rest with its participle, joined around the subject and the place.
DID = {
    "de": """hat / den Schlüssel verloren | hat / einen langen Brief geschrieben | hat / zwei Äpfel gegessen
        | hat / das Fenster geschlossen | hat / die ganze Geschichte erzählt | ist / langsam spazieren gegangen
        | hat / ein neues Fahrrad gekauft | hat / über das Wetter gesprochen | ist / pünktlich angekommen
        | hat / eine alte Landkarte gefunden | hat / leise gesungen | hat / den Kuchen verbrannt
        | hat / fast eine Stunde gewartet | hat / nichts verstanden | hat / die Katze gefüttert
        | ist / auf dem Eis ausgerutscht | hat / siebzehn Bücher bestellt | hat / das Radio repariert
        | hat / den letzten Bus verpasst | hat / laut gelacht | hat / vier Plätze reserviert
        | hat / die Rechnung bezahlt | hat / ein Geheimnis verraten | ist / sehr schnell gelaufen
        | hat / die Wand blau gestrichen | hat / eine Suppe gekocht | hat / um Hilfe gerufen
        | hat / die Schuhe gewechselt | hat / ein Zelt aufgebaut | hat / das Spiel gewonnen
        | hat / schlecht geschlafen | hat / seine Brille gesucht | hat / Blumen gepflückt
        | hat / den Weg erklärt | hat / die Gäste begrüßt | hat / eine Zeitung gelesen
        | hat / Kaffee verschüttet | hat / die Sterne beobachtet | hat / einen Koffer gepackt
        | hat / lange gezögert""",
    "en": """lost the house keys | wrote a long letter | ate two green apples | shut the window
        | told the whole story | went for a slow walk | bought a new bicycle | talked about the weather
        | arrived right on time | found an old map | was singing softly | burnt the birthday cake
        | waited nearly an hour | understood nothing at all | fed the ginger cat | slipped on the ice
        | ordered seventeen books | mended the radio | missed the last bus | laughed out loud
        | booked four seats | paid the bill | gave away a secret | ran very fast | painted the wall blue
        | cooked a thick soup | shouted for help | changed into dry shoes | put up a tent
        | won the game | slept rather badly | looked for a pair of glasses | picked wild flowers
        | explained which way to go | greeted the guests | read a newspaper | spilt some coffee
        | watched the stars | packed a heavy suitcase | hesitated for a while""",
    "es": """perdió las llaves | escribió una carta larga | se comió dos manzanas | cerró la ventana
        | contó toda la historia | paseó despacio | compró una bicicleta nueva | habló del tiempo
        | llegó puntual | encontró un mapa antiguo | cantaba en voz baja | quemó el pastel
        | esperó casi una hora | no entendió nada | dio de comer al gato | resbaló en el hielo
        | pidió diecisiete libros | arregló la radio | perdió el último autobús | se rió a carcajadas
        | reservó cuatro asientos | pagó la cuenta | reveló un secreto | corrió muy deprisa
        | pintó la pared de azul | preparó una sopa | gritó pidiendo ayuda | se cambió de zapatos
        | montó una tienda de campaña | ganó el partido | durmió bastante mal | buscaba sus gafas
        | recogió flores silvestres | explicó el camino | saludó a los invitados | leyó un periódico
        | derramó el café | observó las estrellas | hizo una maleta pesada | dudó un buen rato""",
    "fr": """a perdu les clés | a écrit une longue lettre | a mangé deux pommes vertes | a fermé la fenêtre
        | a raconté toute l'histoire | s'est promené lentement | a acheté un vélo neuf
        | a parlé du temps qu'il fait | est arrivé à l'heure
        | a trouvé une vieille carte | chantait à voix basse | a brûlé le gâteau
        | a attendu presque une heure | n'a rien compris | a nourri le chat | a glissé sur la glace
        | a commandé dix-sept livres | a réparé la radio | a raté le dernier bus | a ri aux éclats
        | a réservé quatre places | a payé l'addition | a trahi un secret | a couru très vite
        | a peint le mur en bleu | a préparé une soupe | a crié au secours | a changé de chaussures
        | a monté une tente | a gagné la partie | a plutôt mal dormi | cherchait ses lunettes
        | a cueilli des fleurs sauvages | a expliqué le chemin | a salué les invités | a lu un journal
        | a renversé du café | a observé les étoiles | a bouclé une lourde valise | a longuement hésité""",
    "it": """ha perso le chiavi | ha scritto una lunga lettera | ha mangiato due mele verdi | ha chiuso la finestra
        | ha raccontato tutta la storia | passeggiava lentamente | ha comprato una bicicletta nuova
        | ha parlato del tempo | è arrivata puntuale | ha trovato una vecchia mappa | cantava sottovoce
        | ha bruciato la torta | ha aspettato quasi un'ora | non ha capito niente | ha dato da mangiare al gatto
        | è scivolata sul ghiaccio | ha ordinato diciassette libri | ha riparato la radio
        | ha perso l'ultimo autobus | rideva di gusto | ha prenotato quattro posti | ha pagato il conto
        | ha svelato un segreto | correva velocissima | ha dipinto la parete di azzurro | ha preparato una zuppa
        | ha gridato aiuto | si è cambiata le scarpe | ha montato una tenda | ha vinto la partita
        | ha dormito piuttosto male | cercava gli occhiali | ha raccolto fiori di campo | ha spiegato la strada
        | ha salutato gli ospiti | leggeva un giornale | ha rovesciato il caffè | ha guardato le stelle
        | ha chiuso una valigia pesante | ha esitato a lungo""",
}

WHERE = {
    "de": """hinter dem Bahnhof | in der Küche | auf dem Marktplatz | neben der Brücke | am Ufer des Flusses
        | vor dem Rathaus | im dritten Stock | unter den Kastanien | bei den Großeltern | in einem kleinen Dorf
        | auf der Autobahn | im Wartezimmer | hoch über dem Tal | gegenüber der Apotheke | im botanischen Garten
        | an der Ostsee | zwischen den Regalen | im Keller | auf dem Dachboden | nahe der Grenze
        | in der Bibliothek | am Ende der Straße | auf der Terrasse | mitten im Wald | im Schwimmbad
        | vor dem Theater | in der Werkstatt | an der Haltestelle""",
    "en": """behind the railway station | in the kitchen | on the village square | next to the bridge
        | along the river bank | outside the town hall | up on the third floor | under the chestnut trees
        | at our grandparents' house | in a tiny village | by the side of the motorway | in the waiting room
        | high above the valley | across from the chemist's | in the botanical garden | by the northern sea
        | between the shelves | down in the cellar | up in the attic | close to the border | in the library
        | at the far end of the street | out on the terrace | in the middle of the woods | at the swimming pool
        | in front of the theatre | in the workshop | at the bus stop""",
    "es": """detrás de la estación | en la cocina | en la plaza del mercado | junto al puente | a la orilla del río
        | delante del ayuntamiento | en el tercer piso | bajo los castaños | en casa de los abuelos
        | en un pueblo pequeño | en la autopista | en la sala de espera | en lo alto del valle
        | enfrente de la farmacia | en el jardín botánico | cerca del mar Cantábrico | entre los estantes
        | en el sótano | en el desván | cerca de la frontera | en la biblioteca | al final de la calle
        | en la terraza | en mitad del bosque | en la piscina | delante del teatro | en el taller
        | en la parada del autobús""",
    "fr": """derrière la gare | dans la cuisine | sur la place du marché | à côté du pont | au bord de la rivière
        | devant la mairie | au troisième étage | sous les marronniers | chez les grands-parents
        | dans un petit village | sur l'autoroute | dans la salle d'attente | tout en haut de la vallée
        | en face de la pharmacie | dans le jardin botanique | au bord de la Manche | entre les rayons
        | à la cave | au grenier | près de la frontière | à la bibliothèque | au bout de la rue
        | sur la terrasse | au milieu des bois | à la piscine | devant le théâtre | dans l'atelier
        | à l'arrêt du bus""",
    "it": """dietro la stazione | in cucina | sulla piazza del mercato | accanto al ponte | sulla riva del fiume
        | davanti al municipio | al terzo piano | sotto i castagni | a casa dei nonni | in un piccolo paese
        | sull'autostrada | nella sala d'attesa | in cima alla valle | di fronte alla farmacia
        | nel giardino botanico | vicino al mare Adriatico | tra gli scaffali | giù in cantina | in soffitta
        | vicino al confine | in biblioteca | in fondo alla strada | sulla terrazza | in mezzo al bosco
        | in piscina | davanti al teatro | nell'officina | alla fermata dell'autobus""",
}

LANGUAGES = tuple(sorted(OPENINGS))  # de, en, es, fr, it
COMMON = 600  # words that runs are made of, the most frequent ones


def parts(table: dict[str, str], language: str) -> list[str]:
    """The pieces of a language, in order."""
    return [" ".join(p.split()) for p in table[language].split("|")]


def split_of(text: str) -> str:
    """The split that a sentence belongs to."""
    share = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
    ends = np.cumsum(list(SPLITS.values()))
    return list(SPLITS)[int(np.searchsorted(ends, share * ends[-1], side="right"))]


def sentence(language: str, split: str, rng: np.random.Generator) -> str:
    """One sentence at random, of that split."""
    while True:
        opening, someone, did, where = (
            rng.choice(parts(table, language)) for table in (OPENINGS, SOMEONE, DID, WHERE)
        )
        made = f"{opening}, {someone} {did} {where}."
        if language == "de":
            verb, rest = did.split(" / ")
            made = f"{opening} {verb} {someone} {where} {rest}."
        if split_of(made) == split:
            return made


@cache
def vocabulary(language: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The common words of a language and how probable each is."""
    from wordfreq import top_n_list, word_frequency

    words = [
        w for w in top_n_list(language, 4 * COMMON)
        if w.isalpha() and (len(w) > 2 or w in _SHORT) and not w.startswith(_RUDE)
    ][:COMMON]  # fmt: skip
    p = np.array([word_frequency(w, language) for w in words]) ** 0.75
    return tuple(words), p / p.sum()


def words(language: str, rng: np.random.Generator) -> str:
    """A run of two dozen common words at random."""
    known, p = vocabulary(language)
    return " ".join(rng.choice(known, 24, p=p)) + "."


_TWO_LETTERS = """a à an au as at by ce da de di do du e é el en es et go he ho i if il in is it je la le li lo
    me mi my ne no nu o of on os ou sa se si so su te to tu un up us va we y"""
_SHORT = frozenset(_TWO_LETTERS.split())
_BEGINNINGS = """arsch bastard bitch bordel cazz cojon coño cock damn dick fick fuck foll gilip hitler hure joder
    kill mierda merd mord nazi nigg orgas pene penis porn puta putain rape salope scheiß scheiss sess sex shit
    slut stronz tits vagin vaff viol whore xxx zoccol"""
_RUDE = tuple(_BEGINNINGS.split())
