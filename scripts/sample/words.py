"""The words of the sample data: names are invented, metros and locations are real."""


def _split(text: str) -> list[str]:
    return text.split("|")


ADJECTIVES = _split(
    "Amber|Ashen|Borrowed|Brass|Broken|Copper|Crooked|Distant|Drowsy|Electric|Faded|"
    "Foggy|Frozen|Gilded|Hidden|Hollow|Idle|Indigo|Jagged|Mellow|Midnight|Narrow|Paper|"
    "Quiet|Rusted|Saffron|Scarlet|Silver|Stolen|Sudden|Tender|Tidal|Velvet|Wooden"
)
NOUNS = _split(
    "Almanac|Anchor|Arcade|Avenue|Balcony|Bonfire|Cabin|Canopy|Carousel|Compass|Ember|"
    "Ferry|Fountain|Gravel|Harbor|Horizon|Kettle|Ladder|Lantern|Ledger|Marble|Meadow|"
    "Mirror|Needle|Orchard|Parade|Pilot|Postcard|Quarry|Ribbon|Rooftop|Signal|Sparrow|"
    "Staircase|Tunnel|Umbrella|Valley|Whisper|Window|Winter|Zeppelin"
)
ACCENTED = _split(
    "Café|Niños|Kråke|Größe|Młode|Příběh|Sœurs|São|Þoka|夜汽車|Corazón|Ærlig|Åtte|Über"
)
FIRST_NAMES = _split(
    "Ada|Amir|Bela|Bruno|Carmen|Cleo|Dario|Edda|Elio|Esme|Felix|Flora|Hana|Hugo|Ida|"
    "Jada|Jonas|Juno|Kira|Lars|Leila|Lou|Maya|Milo|Nell|Noor|Odin|Orla|Otis|Quinn|Rafi"
)
LAST_NAMES = _split(
    "Ashdown|Barrowell|Birchley|Copperidge|Dalewater|Dunmarrow|Eastgrove|Elmhollow|"
    "Fairbeck|Glenroyd|Hartmere|Ironfield|Kestrelton|Mistleigh|Oakhanger|Ravensby"
)
LOCATIONS = [
    ("Leeds, England", 53.79648, -1.54785),
    ("Oslo, Norway", 59.91228, 10.74998),
    ("Kraków, Poland", 50.06045, 19.93243),
    ("Córdoba, Argentina", -31.4173, -64.18344),
    ("Austin, TX", 30.26759, -97.74299),
    ("Auckland, New Zealand", -36.88411, 174.77042),
]
METROS = _split(
    "New York-Newark-Jersey City, NY-NJ-PA|Los Angeles-Long Beach-Anaheim, CA|"
    "Houston-The Woodlands-Sugar Land, TX|Atlanta-Sandy Springs-Roswell, GA|Eureka, CA|"
    "Chicago-Naperville-Elgin, IL-IN-WI|Washington-Arlington-Alexandria, DC-VA-MD-WV|"
    "Boston-Cambridge-Newton, MA-NH|Tampa-St. Petersburg-Clearwater, FL|Red Bluff, CA|"
    "Louisville/Jefferson County, KY-IN|Nashville-Davidson--Murfreesboro--Franklin, TN"
)
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.143 Safari/537.36"
_FIREFOX = "rv:31.0) Gecko/20100101 Firefox/31.0"
# As in the logs: some are in quotes of their own, some are not.
AGENTS = [
    *(f'"Mozilla/5.0 (Windows NT 6.{n}; WOW64) {_CHROME}"' for n in (1, 2, 3)),
    *(f'"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_{n}) {_CHROME}"' for n in (2, 4)),
    *(f"Mozilla/5.0 (Windows NT 6.{n}; WOW64; {_FIREFOX}" for n in (1, 3)),
    f"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; {_FIREFOX}",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
]
