"""The countries and regions that the shop's directory knows, with Magento's own region ids."""

from __future__ import annotations

from typing import Any, Final

# code, three letters, English name
_COUNTRIES: Final = """
US USA United States|CA CAN Canada|MX MEX Mexico|BR BRA Brazil|GB GBR United Kingdom|DE DEU Germany|FR FRA France
IT ITA Italy|ES ESP Spain|NL NLD Netherlands|BE BEL Belgium|SE SWE Sweden|PL POL Poland|IE IRL Ireland|AT AUT Austria
CH CHE Switzerland|TR TUR Türkiye|AE ARE United Arab Emirates|SA SAU Saudi Arabia|EG EGY Egypt|ZA ZAF South Africa
IN IND India|JP JPN Japan|SG SGP Singapore|AU AUS Australia|NZ NZL New Zealand|CN CHN China|PT PRT Portugal
DK DNK Denmark|FI FIN Finland|NO NOR Norway|CZ CZE Czechia|LU LUX Luxembourg|GR GRC Greece
"""

# Magento numbers its regions through: id of the first, then code=name in the order of the ids.
_REGIONS: Final[dict[str, tuple[int, str]]] = {
    "US": (
        1,
        "AL=Alabama|AK=Alaska|AS=American Samoa|AZ=Arizona|AR=Arkansas|AE=Armed Forces Africa|AA=Armed Forces Americas|"
        "AE=Armed Forces Canada|AE=Armed Forces Europe|AE=Armed Forces Middle East|AP=Armed Forces Pacific|"
        "CA=California|CO=Colorado|CT=Connecticut|DE=Delaware|DC=District of Columbia|"
        "FM=Federated States Of Micronesia|FL=Florida|GA=Georgia|GU=Guam|HI=Hawaii|ID=Idaho|IL=Illinois|IN=Indiana|"
        "IA=Iowa|KS=Kansas|KY=Kentucky|LA=Louisiana|ME=Maine|MH=Marshall Islands|MD=Maryland|MA=Massachusetts|"
        "MI=Michigan|MN=Minnesota|MS=Mississippi|MO=Missouri|MT=Montana|NE=Nebraska|NV=Nevada|NH=New Hampshire|"
        "NJ=New Jersey|NM=New Mexico|NY=New York|NC=North Carolina|ND=North Dakota|MP=Northern Mariana Islands|OH=Ohio|"
        "OK=Oklahoma|OR=Oregon|PW=Palau|PA=Pennsylvania|PR=Puerto Rico|RI=Rhode Island|SC=South Carolina|"
        "SD=South Dakota|TN=Tennessee|TX=Texas|UT=Utah|VT=Vermont|VI=Virgin Islands|VA=Virginia|WA=Washington|"
        "WV=West Virginia|WI=Wisconsin|WY=Wyoming",
    ),
    "CA": (
        66,
        "AB=Alberta|BC=British Columbia|MB=Manitoba|NL=Newfoundland and Labrador|NB=New Brunswick|NS=Nova Scotia|"
        "NT=Northwest Territories|NU=Nunavut|ON=Ontario|PE=Prince Edward Island|QC=Quebec|SK=Saskatchewan|"
        "YT=Yukon Territory",
    ),
    "DE": (
        79,
        "NDS=Niedersachsen|BAW=Baden-Württemberg|BAY=Bayern|BER=Berlin|BRG=Brandenburg|BRE=Bremen|HAM=Hamburg|"
        "HES=Hessen|MEC=Mecklenburg-Vorpommern|NRW=Nordrhein-Westfalen|RHE=Rheinland-Pfalz|SAR=Saarland|SAS=Sachsen|"
        "SAC=Sachsen-Anhalt|SCN=Schleswig-Holstein|THE=Thüringen",
    ),
    # The ids of the Indian and the Mexican regions were not measured: they are the sandbox's own.
    "IN": (
        533,
        "AN=Andaman and Nicobar Islands|AP=Andhra Pradesh|AR=Arunachal Pradesh|AS=Assam|BR=Bihar|CH=Chandigarh|"
        "CT=Chhattisgarh|DN=Dadra and Nagar Haveli|DD=Daman and Diu|DL=Delhi|GA=Goa|GJ=Gujarat|HR=Haryana|"
        "HP=Himachal Pradesh|JK=Jammu and Kashmir|JH=Jharkhand|KA=Karnataka|KL=Kerala|LD=Lakshadweep|MP=Madhya Pradesh|"
        "MH=Maharashtra|MN=Manipur|ML=Meghalaya|MZ=Mizoram|NL=Nagaland|OR=Odisha|PY=Puducherry|PB=Punjab|RJ=Rajasthan|"
        "SK=Sikkim|TN=Tamil Nadu|TG=Telangana|TR=Tripura|UP=Uttar Pradesh|UT=Uttarakhand|WB=West Bengal",
    ),
    "MX": (
        606,
        "AGU=Aguascalientes|BCN=Baja California|BCS=Baja California Sur|CAM=Campeche|CHP=Chiapas|CHH=Chihuahua|"
        "CMX=Ciudad de México|COA=Coahuila|COL=Colima|DUR=Durango|MEX=Estado de México|GUA=Guanajuato|GRO=Guerrero|"
        "HID=Hidalgo|JAL=Jalisco|MIC=Michoacán|MOR=Morelos|NAY=Nayarit|NLE=Nuevo León|OAX=Oaxaca|PUE=Puebla|"
        "QUE=Querétaro|ROO=Quintana Roo|SLP=San Luis Potosí|SIN=Sinaloa|SON=Sonora|TAB=Tabasco|TAM=Tamaulipas|"
        "TLA=Tlaxcala|VER=Veracruz|YUC=Yucatán|ZAC=Zacatecas",
    ),
}


def _regions(country: str) -> list[dict[str, str]]:
    if country not in _REGIONS:
        return []
    first, names = _REGIONS[country]
    pairs = (entry.partition("=") for entry in names.split("|"))
    return [{"id": str(first + place), "code": code, "name": name} for place, (code, _, name) in enumerate(pairs)]


def _country(entry: str) -> dict[str, Any]:
    code, three, name = entry.strip().split(" ", 2)
    record: dict[str, Any] = {
        "id": code,
        "two_letter_abbreviation": code,
        "three_letter_abbreviation": three,
        "full_name_locale": name,
        "full_name_english": name,
    }
    regions = _regions(code)
    if regions:
        record["available_regions"] = regions
    return record


def region_code(address: dict[str, Any]) -> str | None:
    """The code that Magento shows for an address: looked up by region_id in its country, else the region as written."""
    record = COUNTRIES.get(address.get("country_id") or "", {})
    for region in record.get("available_regions", []):
        if region["id"] == str(address.get("region_id")):
            return str(region["code"])
    return address.get("region")


COUNTRIES: Final[dict[str, dict[str, Any]]] = {
    record["id"]: record
    for record in map(_country, "|".join(line for line in _COUNTRIES.splitlines() if line).split("|"))
}
