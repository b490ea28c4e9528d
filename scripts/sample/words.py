"""The words of the sample data: names are invented, metros and places are real.

A place or metro is `name|latitude|longitude` or `name`; texts of several words are
one a line.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


ADJECTIVES = _words(
    """
    Amber Ashen Borrowed Brass Broken Bitter Copper Crooked Distant Drowsy Electric
    Empty Faded Feathered Fleeting Foggy Frozen Gilded Golden Granite Hidden Hollow
    Humming Idle Indigo Ivory Jagged Last Lucid Mellow Midnight Muted Narrow Northern
    Paper Patient Pale Quiet Reckless Restless Rusted Saffron Salted Scarlet Second
    Silver Slow Stolen Sudden Tender Tidal Unsent Velvet Wandering Weathered Wooden
    """
)
NOUNS = _words(
    """
    Almanac Anchor Arcade Atlas Avenue Balcony Bonfire Bramble Cabin Canopy Carousel
    Compass Corridor Current Daybreak Ember Envelope Ferry Field Fountain Furnace Garden
    Gravel Harbor Harvest Horizon Island Kettle Ladder Lantern Ledger Lighthouse Machine
    Marble Meadow Meridian Mirror Motor Needle Orchard Parade Passenger Pendulum Pilot
    Postcard Quarry Ribbon River Rooftop Signal Sparrow Staircase Station Summer Tunnel
    Umbrella Valley Weather Whisper Window Winter Zeppelin
    """
)
VERBS = _words(
    """
    Answer Borrow Bury Carry Chase Count Cross Draw Fold Follow Forget Give Hold Hum
    Keep Leave Lend Meet Paint Promise Read Send Show Teach Wake
    """
)
SUFFIXES = (
    "(Live)",
    "(Album Version)",
    "(Acoustic)",
    "(Radio Edit)",
    "(Demo)",
    "[Remix]",
    "(Live At The Old/New Hall)",
    '(12" Mix)',
)
ACCENTED_ARTISTS = _lines(
    """
    Café Ámbar
    Los Niños del Andén
    Señor Bruma
    Jørn Vestby
    Kråkeslottet Trio
    Zoë Ångmark
    Mørkeblå
    Die Größe der Wälder
    Überlandbus
    Fräulein Möwenstein
    Młode Żubry
    Łukasz Świergot
    Příběh Lesa
    Éclair de Février
    Sœurs Dubruyère
    Chœur des Pêcheurs
    Irmãos Açucena
    São Vendaval
    Ødegaard & Sønner
    Þoka
    夜汽車クラブ
    海辺のラジオ
    """
)
ACCENTED_TITLES = _lines(
    """
    Corazón de Papel
    Mañana en la Estación
    Señales de Ámbar
    El Último Andén
    Nächte am Kanal
    Über den Brücken
    Grün wie Öl
    Brød og Smør
    Sjøens Vuggevise
    Ærlig Øye
    Åtte Små Øyer
    Łódka o Świcie
    Żółta Ścieżka
    Tišina a Déšť
    Été Inachevé
    Là-bas, l'Île
    À Bientôt, Hélène
    Canção do Pão
    Coração à Janela
    Fjörður í Maí
    夜明けの港
    遠い灯り
    """
)
FIRST_NAMES = _words(
    """
    Ada Amir Anya Bela Bruno Carmen Cleo Dario Dina Edda Elio Esme Fay Felix Flora Gus
    Hana Hugo Ida Imani Iris Ivan Jada Jonas Juno Kai Kira Lars Leila Leo Lina Lou Maya
    Milo Mina Nell Nico Noor Odin Ola Orla Otis Petra Quinn Rafi Rhea Rosa Ruben Sadie
    Samir Sena Silas Tara Theo Tilda Uma Vera Viktor Willa Yara Yusuf Zane Zora
    """
)
LAST_NAMES = _words(
    """
    Alderbrook Ashdown Barrowell Birchley Bramwick Brookmarsh Cobblefield Copperidge
    Dalewater Dunmarrow Eastgrove Elmhollow Fairbeck Fenwater Glenroyd Greyfallow
    Hartmere Hazelcroft Hollowby Ironfield Juniperson Kestrelton Lanternby Larkendale
    Mapleford Marlowick Mistleigh Northbeck Oakhanger Otterbourn Pebblewood Quillfeather
    Ravensby Reedmarsh Rookwell Sandermoor Silverlake Stonewharf Thistlewick Tidewell
    Underbough Vanebrook Westerfell Willowmere Wrenfield Yarrowby
    """
)
PLACES = _lines(
    """
    Leeds, England|53.79648|-1.54785
    Oslo, Norway|59.91228|10.74998
    Malmö, Sweden|55.60587|13.00073
    Kraków, Poland|50.06045|19.93243
    Hamburg, Germany|53.55334|9.99244
    Lyon, France|45.75917|4.82966
    Porto, Portugal|41.15556|-8.62672
    Córdoba, Argentina|-31.4173|-64.18344
    São Paulo, Brazil|-23.56287|-46.65468
    Osaka, Japan|34.67766|135.50132
    Austin, TX|30.26759|-97.74299
    Detroit, MI|42.33168|-83.04792
    Oakland, CA|37.80506|-122.27302
    Portland, OR|45.51179|-122.67563
    Nashville, TN|36.16784|-86.77816
    Brooklyn, NY|40.65507|-73.94888
    Toronto, Ontario, Canada|43.64856|-79.38533
    Auckland, New Zealand|-36.88411|174.77042
    Lagos, Nigeria|6.44137|3.41579
    Galway, Ireland|53.2702|-9.05676
    """
)
METROS = _lines(
    """
    New York-Newark-Jersey City, NY-NJ-PA
    Los Angeles-Long Beach-Anaheim, CA
    Chicago-Naperville-Elgin, IL-IN-WI
    Dallas-Fort Worth-Arlington, TX
    Houston-The Woodlands-Sugar Land, TX
    Washington-Arlington-Alexandria, DC-VA-MD-WV
    Philadelphia-Camden-Wilmington, PA-NJ-DE-MD
    Miami-Fort Lauderdale-West Palm Beach, FL
    Atlanta-Sandy Springs-Roswell, GA
    Boston-Cambridge-Newton, MA-NH
    San Francisco-Oakland-Hayward, CA
    Phoenix-Mesa-Scottsdale, AZ
    Detroit-Warren-Dearborn, MI
    Seattle-Tacoma-Bellevue, WA
    Minneapolis-St. Paul-Bloomington, MN-WI
    San Diego-Carlsbad, CA
    Tampa-St. Petersburg-Clearwater, FL
    Denver-Aurora-Lakewood, CO
    St. Louis, MO-IL
    Charlotte-Concord-Gastonia, NC-SC
    Portland-South Portland, ME
    Nashville-Davidson--Murfreesboro--Franklin, TN
    New Orleans-Metairie, LA
    Salt Lake City, UT
    Birmingham-Hoover, AL
    Louisville/Jefferson County, KY-IN
    Lansing-East Lansing, MI
    Waterloo-Cedar Falls, IA
    Eureka-Arcata-Fortuna, CA
    Red Bluff, CA
    """
)
_WEBKIT = "(KHTML, like Gecko)"
# As the logs have them: some stand in quotes of their own, some do not.
AGENTS = (
    f'"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 {_WEBKIT} '
    'Chrome/36.0.1985.143 Safari/537.36"',
    f'"Mozilla/5.0 (Windows NT 6.3; WOW64) AppleWebKit/537.36 {_WEBKIT} '
    'Chrome/37.0.2062.103 Safari/537.36"',
    f'"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.36 {_WEBKIT} '
    'Chrome/36.0.1985.125 Safari/537.36"',
    f'"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.77.4 {_WEBKIT} '
    'Version/7.0.5 Safari/537.77.4"',
    f'"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {_WEBKIT} '
    'Chrome/37.0.2062.94 Safari/537.36"',
    f'"Mozilla/5.0 (iPhone; CPU iPhone OS 7_1_2 like Mac OS X) AppleWebKit/537.51.2 '
    f'{_WEBKIT} Version/7.0 Mobile/11D257 Safari/9537.53"',
    f'"Mozilla/5.0 (iPad; CPU OS 7_1_2 like Mac OS X) AppleWebKit/537.51.2 {_WEBKIT} '
    'Version/7.0 Mobile/11D257 Safari/9537.53"',
    "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:31.0) Gecko/20100101 Firefox/31.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.9; rv:31.0) Gecko/20100101 Firefox/31.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:31.0) Gecko/20100101 Firefox/31.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; WOW64; Trident/6.0)",
)
