"""Airport codes (IATA), by which content delivery networks call their places."""

from __future__ import annotations


def _read(table: str) -> dict[str, str]:
    """``code:name`` pairs separated by bars, as a dictionary."""
    return {code: name for code, _, name in (pair.partition(":") for pair in table.split("|"))}


_CITIES = _read(
    "ACC:Accra|ADL:Adelaide|AKL:Auckland|ALG:Algiers|AMM:Amman|AMS:Amsterdam|ARN:Stockholm|ASU:Asunción|ATH:Athens|"
    "ATL:Atlanta|AUS:Austin|BAH:Manama|BCN:Barcelona|BEG:Belgrade|BER:Berlin|BEY:Beirut|BFI:Seattle|BKK:Bangkok|"
    "BLR:Bangalore|BMA:Stockholm|BNA:Nashville|BNE:Brisbane|BOG:Bogotá|BOM:Mumbai|BOS:Boston|BRU:Brussels|"
    "BSB:Brasília|BUD:Budapest|BUF:Buffalo|BUR:Burbank|BWI:Baltimore|CAI:Cairo|CAN:Guangzhou|CBR:Canberra|"
    "CCU:Kolkata|CDG:Paris|CGK:Jakarta|CHC:Christchurch|CHI:Chicago|CLE:Cleveland|CLT:Charlotte|CMB:Colombo|"
    "CMH:Columbus|CMN:Casablanca|CNF:Belo Horizonte|CPH:Copenhagen|CPT:Cape Town|CWB:Curitiba|DAC:Dhaka|"
    "DCA:Washington|DEL:New Delhi|DEN:Denver|DFW:Dallas|DME:Moscow|DOH:Doha|DTW:Detroit|DUB:Dublin|DUR:Durban|"
    "DUS:Düsseldorf|DXB:Dubai|EDI:Edinburgh|EVN:Yerevan|EWR:Newark|EZE:Buenos Aires|FCO:Rome|FJR:Fujairah|"
    "FLN:Florianópolis|FOR:Fortaleza|FRA:Frankfurt|FTY:Atlanta|GIG:Rio de Janeiro|GOT:Gothenburg|GRU:São Paulo|"
    "GVA:Geneva|HAM:Hamburg|HAN:Hanoi|HEL:Helsinki|HHN:Frankfurt|HKG:Hong Kong|HND:Tokyo|HNL:Honolulu|HYD:Hyderabad|"
    "IAD:Washington (Ashburn)|IAH:Houston|ICN:Seoul|IND:Indianapolis|ISB:Islamabad|IST:Istanbul|ITM:Osaka|"
    "JAX:Jacksonville|JED:Jeddah|JFK:New York|JNB:Johannesburg|KBP:Kyiv|KHI:Karachi|KIX:Osaka|KTM:Kathmandu|"
    "KUL:Kuala Lumpur|KWI:Kuwait City|LAS:Las Vegas|LAX:Los Angeles|LCA:Larnaca|LCY:London|LED:Saint Petersburg|"
    "LGA:New York|LGW:London|LHE:Lahore|LHR:London|LIM:Lima|LIN:Milan|LIS:Lisbon|LOS:Lagos|LUX:Luxembourg|LYS:Lyon|"
    "MAA:Chennai|MAD:Madrid|MAN:Manchester|MBA:Mombasa|MCI:Kansas City|MCO:Orlando|MCT:Muscat|MDE:Medellín|"
    "MDW:Chicago|MEL:Melbourne|MEM:Memphis|MEX:Mexico City|MIA:Miami|MKE:Milwaukee|MNL:Manila|MRS:Marseille|"
    "MSP:Minneapolis|MUC:Munich|MXP:Milan|NAG:Nagpur|NBO:Nairobi|NRT:Tokyo|OKO:Tokyo|OMA:Omaha|ORD:Chicago|"
    "ORF:Norfolk|ORY:Paris|OSL:Oslo|OTP:Bucharest|PAO:Palo Alto|PDK:Atlanta|PDX:Portland|PER:Perth|PHL:Philadelphia|"
    "PHX:Phoenix|PIT:Pittsburgh|PMO:Palermo|PNH:Phnom Penh|POA:Porto Alegre|PRG:Prague|PTY:Panama City|QPG:Singapore|"
    "QRO:Querétaro|RDU:Raleigh|RIC:Richmond|RIX:Riga|RUH:Riyadh|SAN:San Diego|SCL:Santiago|SEA:Seattle|"
    "SFO:San Francisco|SGN:Ho Chi Minh City|SIN:Singapore|SJC:San Jose|SKG:Thessaloniki|SLC:Salt Lake City|"
    "SMF:Sacramento|SOF:Sofia|STL:St. Louis|STO:Stockholm|SVO:Moscow|SYD:Sydney|TLL:Tallinn|TLV:Tel Aviv|TPA:Tampa|"
    "TPE:Taipei|TUN:Tunis|TXL:Berlin|TYO:Tokyo|VIE:Vienna|VNO:Vilnius|WAW:Warsaw|WLG:Wellington|YUL:Montreal|"
    "YVR:Vancouver|YWG:Winnipeg|YYC:Calgary|YYZ:Toronto|ZAG:Zagreb|ZRH:Zurich"
)


def city_of(code: str) -> str | None:
    """The city an airport's code (any case) stands for; ``None`` where it is not among those known here."""
    return _CITIES.get(code.upper())
