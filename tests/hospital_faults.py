"""The corpus: one mutation of a good cohort per kind of fault, with the cause that must be named."""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from hospital_cohort import DRUGS, numbers, text

Frame = pd.DataFrame
THIRD = 3


@dataclass(frozen=True)
class Fault:
    """What is done to the frame or to the bytes of its CSV, and the finding that must follow."""

    name: str
    code: str
    column: str
    frame: Callable[[Frame], Frame] = lambda f: f
    raw: Callable[[bytes], bytes] = lambda b: b
    settings: str = ""
    rows: int | None = None  # if the number is known


def put(name: str, value: str, rows: slice | list[int] = slice(0, 5)) -> Callable[[Frame], Frame]:
    """Return a mutation that writes a value into rows of a column."""

    def change(frame: Frame) -> Frame:
        frame = frame.copy()
        frame.loc[frame.index[rows], name] = value
        return frame

    return change


def scaled(name: str, by: float, where: Callable[[Frame], pd.Series]) -> Callable[[Frame], Frame]:
    """Return a mutation that multiplies a column in some rows."""
    return lambda f: f.assign(**{name: text(numbers(f, name).where(~where(f), numbers(f, name) * by))})


def swap(one: str, other: str, where: Callable[[Frame], pd.Series] | None = None) -> Callable[[Frame], Frame]:
    """Return a mutation that exchanges two columns, in some rows or all."""

    def change(frame: Frame) -> Frame:
        rows = where(frame) if where else pd.Series(True, frame.index)
        return frame.assign(
            **{
                one: frame[one].where(~rows, frame[other]),
                other: frame[other].where(~rows, frame[one]),
            }
        )

    return change


def again(change: Callable[[Frame], Frame], n: int = 2) -> Callable[[Frame], Frame]:
    """Return a mutation that adds the first n patients once more, changed."""
    return lambda f: pd.concat([f, change(f.head(n).copy())], ignore_index=True)


def from_admission(frame: Frame) -> Frame:
    """Return the frame with days counted from admission, as many records have them."""
    wait = numbers(frame, "admission_to_dose")
    days = ("icu_day", "stop_day", "followup_day")
    return frame.assign(**{name: text(numbers(frame, name) + wait) for name in days})


def _from_one(frame: Frame, rows: pd.Series) -> Frame:
    """Return the frame with the day of the first dose as day 1 in some rows."""
    days = ("icu_day", "stop_day", "followup_day")
    return frame.assign(**{name: text(numbers(frame, name) + rows) for name in days})


def inverted(frame: Frame) -> pd.Series:
    """Return the drug of the other arm."""
    return frame["drug"].map(dict(zip(DRUGS, DRUGS[::-1], strict=True)))


def hospital(frame: Frame) -> pd.Series:
    return frame["hospital"] == "Costa"


def arm(frame: Frame) -> pd.Series:
    return frame["drug"] == DRUGS[0]


def third(frame: Frame) -> pd.Series:
    return pd.Series(np.arange(len(frame)) % THIRD == 0, frame.index)


def line(number: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return a mutation of one line of the file, counted from 0."""

    def changed(raw: bytes) -> bytes:
        lines = raw.split(b"\n")
        lines[number] = change(lines[number])
        return b"\n".join(lines)

    return changed


def dated(name: str, day: str = "2021-03-04") -> Callable[[Frame], Frame]:
    return lambda f: f.assign(**{name: day})


FILES = [
    Fault("NUL bytes", "file.nul", "", raw=line(3, lambda b: b[:5] + b"\x00" + b[5:])),
    Fault("a row cut off", "file.ragged", "", raw=line(7, lambda b: b[: len(b) // 2])),
    Fault("a separator within a cell", "file.ragged", "", raw=line(7, lambda b: b.replace(b"Norte", b"No,rte").replace(b"Costa", b"Co,sta"))),
    Fault("a quote without its other", "file.quotes", "", raw=line(7, lambda b: b'"' + b)),
    Fault("a line break in quotes", "cell.newline", "hospital", put("hospital", "Norte\nward 3", [4]), rows=1),
    Fault("nothing but a header", "file.empty", "", lambda f: f.head(0)),
    Fault("an empty file", "file.empty", "", raw=lambda _: b""),
    Fault("a name of a column twice", "file.header", "crp", lambda f: f.rename(columns={"alt": "crp"})),
    Fault("a column without a name", "file.header", "", lambda f: f.rename(columns={"alt": ""})),
    Fault("letters read in the wrong encoding", "cell.encoding", "hospital", put("hospital", "MÃ¡laga")),
    Fault("errors of a spreadsheet", "cell.error", "ldh", put("ldh", "#REF!"), rows=5),
]  # fmt: skip
COLUMNS = [
    Fault("no id", "column.core", "patient_id", lambda f: f.drop(columns="patient_id")),
    Fault("no end", "column.core", "end_state", lambda f: f.drop(columns="end_state")),
    Fault("no covariate of the score", "column.score", "ldh", lambda f: f.drop(columns="ldh")),
    Fault("names of patients in a column", "column.personal", "surname", lambda f: f.assign(surname="x")),
    Fault("a score from after time zero", "score.role", "icu_day", settings='[score]\ncolumns = ["age", "icu_day"]'),
    Fault("a column of the settings that is not there", "settings.name", "", settings='[columns]\ncrp = "PCR"'),
    Fault("a column of the settings that is not ours", "settings.name", "", settings='[units]\nCRP = "mg/dL"'),
    Fault("a warning acknowledged that is not there", "settings.acknowledged", "",
          settings='[[acknowledged]]\nwarning = "unit.group"\nreason = "another laboratory"'),
    Fault("a unit that is not known", "unit.unknown", "crp", settings='[units]\ncrp = "stone"'),
    Fault("a score of mostly missing values", "score.missing", "ferritin", put("ferritin", "", slice(0, 300))),
    Fault("arms too small for the score", "score.terms", "drug", lambda f: f[~arm(f) | (arm(f).cumsum() <= 20)]),
    Fault("an empty arm", "arms.empty", "drug", lambda f: f[arm(f)]),
    Fault("other drugs than those chosen", "arms.empty", "drug", settings='[arms]\ntreated = "tocilizumab"\ncontrol = "baricitinib"'),
    Fault("a negative control filled with zeros", "column.constant", "pressure_injury", put("pressure_injury", "0", slice(None))),
]  # fmt: skip
VALUES = [
    Fault("text in a number", "number.text", "crp", put("crp", "pending"), rows=5),
    Fault("a number with its unit", "number.unit", "crp", put("crp", "12 mg/L"), rows=5),
    Fault("limits of detection", "number.limit", "crp", put("crp", "<5"), rows=5),
    Fault("thousands separators", "number.thousands", "ferritin", put("ferritin", "1,234"), rows=5),
    Fault("thousands apart by a space", "number.thousands", "ferritin", put("ferritin", "1 234"), rows=5),
    Fault("points of thousands", "number.points", "ferritin",
          lambda f: f.assign(ferritin=[f"{int(v) // 1000}.{int(v) % 1000:03d}" if v and int(v) > 999 else v for v in f["ferritin"]])),
    Fault("commas among points", "number.comma", "crp", put("crp", "12,5"), rows=5),
    Fault("commas before three digits only", "number.comma", "",
          lambda f: f.assign(**{n: f[n].str.split(".").str[0] for n in ("crp", "bmi", "il6", "lymphocytes", "neutrophils")},
                             ferritin="1,234")),
    Fault("dates made of numbers", "number.date", "il6", put("il6", "05-Jan"), rows=5),
    Fault("a date in place of a number", "number.date", "crp", put("crp", "2021-03-04"), rows=5),
    Fault("yes and no", "value.binary", "ckd", put("ckd", "2"), rows=5),
    Fault("half days", "value.whole", "followup_day", put("followup_day", "40.5"), rows=5),
    Fault("an impossible value", "value.range", "spo2_fio2", put("spo2_fio2", "4800"), rows=5),
    Fault("a negative day", "value.range", "followup_day", put("followup_day", "-3"), rows=5),
    Fault("a level that is not known", "value.level", "sex", put("sex", "Mujer"), rows=5),
    Fault("nobody's arm", "value.missing", "drug", put("drug", ""), rows=5),
    Fault("the missing code 999", "value.code", "ferritin", put("ferritin", "999", slice(0, 20)), rows=20),
    Fault("999 once", "value.code", "platelets", put("platelets", "999", [5]), rows=1),
    Fault("the missing code 9999", "value.code", "ddimer", put("ddimer", "9999", slice(0, 4)), rows=4),
    Fault("the missing code 0", "value.code", "il6", put("il6", "0", slice(0, 20)), rows=20),
    Fault("the missing code -1", "value.range", "age", put("age", "-1"), rows=5),
    Fault("a made-up patient among real ones", "value.synthetic", "synthetic", lambda f: f.assign(synthetic=["1", *"0" * (len(f) - 1)]), rows=1),
    Fault("days that are dates", "dates.reference", "icu_day", dated("icu_day")),
    Fault("a date of the first dose that is missing", "dates.reference", "",
          lambda f: dated("icu_day", "2021-03-24")(f).assign(dose=["", *["2021-03-20"] * (len(f) - 1)]),
          settings='[dates]\nreference = "dose"', rows=1),
    Fault("day and month that could be either", "dates.order", "",
          lambda f: dated("icu_day", "04/03/2021")(f).assign(dose="02/03/2021"), settings='[dates]\nreference = "dose"'),
    Fault("a date that is not", "dates.text", "icu_day",
          lambda f: dated("icu_day", "2021-03-24")(f).assign(dose="2021-03-20").pipe(put("icu_day", "2021-02-30")),
          settings='[dates]\nreference = "dose"', rows=5),
]  # fmt: skip
PATIENTS = [
    Fault("an id twice", "id.twice", "patient_id", again(lambda f: f), rows=4),
    Fault("ids that differ in capitals", "id.alike", "patient_id", again(lambda f: f.assign(patient_id=f["patient_id"].str.lower())), rows=4),
    Fault("ids that differ in zeros", "id.alike", "patient_id", again(lambda f: f.assign(patient_id=f["patient_id"].str.replace("H", "H0"))), rows=4),
    Fault("one patient under two ids", "person.twice", "patient_id", again(lambda f: f.assign(patient_id=["Z1", "Z2"])), rows=4),
    Fault("one patient in two hospitals, a value corrected", "person.twice", "patient_id",
          again(lambda f: f.assign(patient_id=["Z1", "Z2"], hospital="Costa", crp="77.7")), rows=4),
    Fault("a row of totals", "id.total", "patient_id", again(lambda f: f.assign(patient_id="Total"), 1), rows=1),
    Fault("a header in the middle", "id.total", "patient_id", again(lambda f: f.assign(patient_id="patient_id"), 1), rows=1),
    Fault("ids that a spreadsheet rounded", "id.damaged", "patient_id", put("patient_id", "1.2E+11", [3]), rows=1),
    Fault("ids that are names", "id.name", "patient_id", lambda f: f.assign(patient_id=_names(len(f)))),
    Fault("ids that look like record numbers", "id.record", "patient_id", lambda f: f.assign(patient_id=[f"{4_100_000 + 37 * i}" for i in range(len(f))])),
    Fault("ids that hold a date", "id.date", "patient_id", lambda f: f.assign(patient_id=[f"P-1956-03-{1 + i % 28:02d}-{i}" for i in range(len(f))])),
    Fault("one hospital spelt in two ways", "label.alike", "hospital", put("hospital", "NORTE "), rows=5),
    Fault("one hospital misspelt", "label.alike", "hospital", lambda f: f.assign(hospital=f["hospital"] + " General").pipe(put("hospital", "Norte Genral")), rows=5),
    Fault("one hospital with and without its kind", "label.alike", "hospital", put("hospital", "Hospital Norte"), rows=5),
    Fault("dates as periods", "period.date", "period", put("period", "2021-03-04", slice(None))),
    Fault("months as periods", "period.date", "period", put("period", "01-Mar-2021", slice(None))),
    Fault("arms swapped against their doses", "arms.dose", "dose_mg_day", lambda f: f.assign(drug=inverted(f)), rows=360),
    Fault("arms of a few swapped", "arms.dose", "dose_mg_day", lambda f: f.assign(drug=f["drug"].mask(f.index < 6, inverted(f))), rows=6),
    Fault("everybody dead", "outcome.all", "end_state", put("end_state", "dead", slice(None))),
    Fault("everybody dead in an arm", "outcome.all", "end_state", lambda f: f.assign(end_state=f["end_state"].mask(arm(f), "dead"))),
    Fault("nobody dead", "outcome.none", "end_state", lambda f: f.assign(end_state="discharged", stop_reason=f["stop_reason"].replace("death", "discharge"))),
    Fault("days counted from admission", "days.admission", "followup_day", from_admission),
]  # fmt: skip
FACTS = [
    Fault("stopped by death and sent home", "facts.stop_death", "stop_reason",
          lambda f: f.assign(stop_reason=f["stop_reason"].mask(f["end_state"] == "discharged", "death"))),
    Fault("stopped by discharge and dead", "facts.stop_discharge", "stop_reason",
          lambda f: f.assign(stop_reason=f["stop_reason"].mask(f["end_state"] == "dead", "discharge"))),
    Fault("stopped at intensive care and never there", "facts.stop_icu", "stop_reason", lambda f: f.assign(icu_day="")),
    Fault("no contraindication, and an eGFR below 15", "facts.contraindication", "contraindication", put("egfr", "9"), rows=5),
    Fault("no contraindication, and few neutrophils", "facts.contraindication", "contraindication", put("neutrophils", "0.3"), rows=5),
    Fault("no obesity, and a body mass index above 30", "facts.obesity", "obesity", put("obesity", "0", slice(None))),
    Fault("high flow, and another device", "facts.device", "high_flow_oxygen", lambda f: f.assign(high_flow_oxygen="0")),
    Fault("intensive care after the end", "days.end", "icu_day", put("icu_day", "99"), rows=5),
    Fault("a day of death of the living", "days.kind", "death_day",
          lambda f: f.assign(death_day=f["followup_day"])),
    Fault("ventilated before intensive care", "days.icu", "icu_day", lambda f: f.assign(icu_day="2", imv_day="1").assign(
        icu_day=lambda g: g["icu_day"].where(numbers(g, "followup_day") >= 2, ""))),
]  # fmt: skip
SLIPS = [
    Fault("a slip of units in a hospital", "unit.group", "crp", scaled("crp", 0.1, hospital)),
    Fault("a slip of units in an arm", "unit.group", "ddimer", scaled("ddimer", 0.001 * 50, arm)),
    Fault("a slip of units in a period", "unit.group", "ldh", scaled("ldh", 1 / 60 * 8, lambda f: f["period"] == "first wave")),
    Fault("a slip of units in a third of the rows", "unit.mixture", "ferritin", scaled("ferritin", 0.05, third)),
    Fault("a slip of creatinine in a third of the rows", "unit.mixture", "platelets", scaled("platelets", 10, third)),
    Fault("a slip of units in all rows", "unit.median", "crp", scaled("crp", 0.1, lambda f: pd.Series(True, f.index))),
    Fault("CRP and ALT swapped", "columns.swapped", "crp", swap("crp", "alt")),
    Fault("CRP and ALT swapped in a hospital", "columns.swapped", "crp", swap("crp", "alt", hospital)),
    Fault("Charlson and SOFA swapped", "columns.swapped", "charlson", swap("charlson", "sofa")),
    Fault("SpO2/FiO2 and PaO2/FiO2 swapped", "columns.swapped", "spo2_fio2", swap("spo2_fio2", "pao2_fio2")),
    Fault("D-dimer and platelets swapped", "columns.swapped", "ddimer", swap("ddimer", "platelets")),
    Fault("ALT and IL-6 swapped", "columns.swapped", "alt", swap("alt", "il6")),
    Fault("SOFA and the wait swapped", "columns.swapped", "sofa", swap("sofa", "admission_to_dose")),
    Fault("Charlson and the wait swapped in an arm", "columns.swapped", "charlson", swap("charlson", "admission_to_dose", arm)),
    Fault("hypertension and kidney disease swapped", "columns.swapped", "hypertension", swap("hypertension", "ckd")),
    Fault("hypertension and lung disease swapped", "columns.swapped", "hypertension", swap("hypertension", "copd")),
    Fault("a twofold slip in a hospital", "unit.group", "ferritin", scaled("ferritin", 2, hospital)),
    Fault("a twofold slip in an arm", "unit.group", "ldh", scaled("ldh", 0.5, arm)),
    Fault("D-dimer units of two kinds in an arm", "unit.group", "ddimer", scaled("ddimer", 2, arm)),
    Fault("a slip of units in one row in twenty", "unit.mixture", "ferritin", scaled("ferritin", 0.001, lambda f: pd.Series(np.arange(len(f)) % 20 == 0, f.index))),
    Fault("a tenfold slip in one row in twenty", "unit.mixture", "platelets", scaled("platelets", 0.1, lambda f: pd.Series(np.arange(len(f)) % 20 == 0, f.index))),
    Fault("a tenfold slip of a measurement that varies as much", "unit.digits", "ddimer", scaled("ddimer", 0.1, lambda f: pd.Series(np.arange(len(f)) % 20 == 0, f.index))),
    Fault("doubles in a third of the rows", "unit.digits", "ldh", scaled("ldh", 2, third)),
    Fault("halves in one row in ten", "unit.digits", "ferritin", scaled("ferritin", 0.5, lambda f: pd.Series(np.arange(len(f)) % 10 == 0, f.index))),
    Fault("0 for an unknown index of diagnoses", "value.code", "charlson", lambda f: put("charlson", "0", [at for at in range(len(f)) if at % 4 == 0])(f)),
    Fault("kilopascals in a third of the rows", "unit.mixture", "pao2_fio2", scaled("pao2_fio2", 1 / 7.5, third)),
    Fault("days counted from 1", "days.one", "icu_day", lambda f: _from_one(f, f["drug"] == f["drug"])),
    Fault("the missing code 0 among points", "value.code", "barthel", put("barthel", "0", slice(0, 30)), rows=30),
    Fault("serial numbers of dates", "dates.serial", "followup_day", lambda f: f.assign(followup_day=text(numbers(f, "followup_day") + 44_260))),
    Fault("a row of units below the names", "file.units", "", lambda f: pd.concat([pd.DataFrame("unit", index=[0], columns=f.columns), f], ignore_index=True), rows=1),
    Fault("percentages", "number.unit", "spo2_fio2", put("spo2_fio2", "89%"), rows=5),
    Fault("a criterion that too few meet", "choices.carry", "", lambda f: f.assign(infection_confirmed=["1"] * 6 + ["0"] * (len(f) - 6))),
    Fault("a score in which nothing differs", "choices.carry", "", lambda f: f.assign(hospital="Norte"), settings='[score]\ncolumns = ["hospital"]'),
    Fault("eGFR and IL-6 swapped", "columns.swapped", "il6", swap("egfr", "il6")),
]  # fmt: skip


def cycled(name: str, *labels: str) -> Callable[[Frame], Frame]:
    """Return a mutation that gives the patients some labels in turn."""
    return lambda f: f.assign(**{name: [labels[i % len(labels)] for i in range(len(f))]})


def called(**names: str) -> Callable[[Frame], Frame]:
    """Return a mutation that renames the hospitals."""
    return lambda f: f.assign(hospital=f["hospital"].map({"Norte": names["norte"], "Costa": names["costa"]}))


def then(*changes: Callable[[Frame], Frame]) -> Callable[[Frame], Frame]:
    """Return mutations as one."""

    def change(frame: Frame) -> Frame:
        for each in changes:
            frame = each(frame)
        return frame

    return change


def period(frame: Frame) -> pd.Series:
    return frame["period"] == "first wave"


def flipped(name: str) -> Callable[[Frame], Frame]:
    return lambda f: f.assign(**{name: f[name].map({"0": "1", "1": "0"})})


def _quoted(row: bytes) -> bytes:
    return row.replace(b"Norte", b'Nor"te').replace(b"Costa", b'Cos"ta')


RELATIVES = [
    Fault("a line break that is a carriage return", "cell.newline", "hospital", raw=line(4, lambda b: b.replace(b"Norte", b'"Nor\rte"').replace(b"Costa", b'"Cos\rta"'))),
    Fault("quotes within cells of two lines", "file.quotes", "", raw=lambda b: line(9, _quoted)(line(30, _quoted)(b))),
    Fault("no names of columns", "file.header", "", raw=lambda b: b.split(b"\n", 1)[1]),
    Fault("a capital with an accent in the wrong encoding", "cell.encoding", "hospital", put("hospital", "Ã‰lite")),
    Fault("letters that became question marks", "cell.encoding", "hospital", put("hospital", "M?laga")),
    Fault("letters that became entities", "cell.encoding", "hospital", put("hospital", "M&aacute;laga")),
    Fault("a number too large to be one", "number.text", "crp", put("crp", "1e400"), rows=5),
    Fault("true in place of a number", "number.text", "crp", put("crp", "TRUE"), rows=5),
    Fault("a hospital in letters of another script", "label.alike", "hospital", put("hospital", "Соsta"), rows=5),
    Fault("a hospital cut short", "label.alike", "hospital", put("hospital", "Cost"), rows=5),
    Fault("a hospital with two letters exchanged", "label.alike", "hospital", put("hospital", "Csota"), rows=5),
    Fault("a hospital with its ward", "label.alike", "hospital", put("hospital", "Norte UCI"), rows=5),
    Fault("a hospital with its accent and without", "label.alike", "hospital", then(called(norte="Málaga", costa="Granada"), put("hospital", "Malaga"))),
    Fault("a hospital's number with a zero before it", "label.alike", "hospital", then(called(norte="Hospital 1", costa="Hospital 2"), put("hospital", "Hospital 01")), rows=5),
    Fault("a hospital's number as a spreadsheet writes it", "label.alike", "hospital", then(called(norte="1", costa="2"), put("hospital", "1.0")), rows=5),
    Fault("a hospital that is not known", "label.unknown", "hospital", put("hospital", "unknown"), rows=5),
    Fault("a hospital that is a missing code", "label.unknown", "hospital", then(called(norte="1", costa="2"), put("hospital", "999")), rows=5),
    Fault("an address in place of a hospital", "label.unknown", "hospital", put("hospital", "ana@hospital.es"), rows=5),
    Fault("ids in place of hospitals", "label.many", "hospital", lambda f: f.assign(hospital=f["patient_id"])),
    Fault("ids in place of periods", "label.many", "period", lambda f: f.assign(period=f["patient_id"])),
    Fault("a drug for each hospital", "arms.apart", "hospital", lambda f: f.assign(hospital=f["drug"].str[:4])),
    Fault("a drug for each period", "arms.apart", "period", lambda f: f.assign(period=f["drug"].str[:4])),
    Fault("dates of a spreadsheet as periods", "period.date", "period", lambda f: f.assign(period=[str(44260 + i % 90) for i in range(len(f))])),
    Fault("dates without signs as periods", "period.date", "period", cycled("period", "20210304", "20210305")),
    Fault("spelt-out periods", "period.order", "period", cycled("period", "first", "second", "third", "fourth")),
    Fault("Roman periods", "period.order", "period", cycled("period", "IV", "V", "VI", "VII", "VIII", "IX")),
    Fault("months by name", "period.order", "period", cycled("period", "January", "February", "March", "April")),
    Fault("months by name in Spanish", "period.order", "period", cycled("period", "enero", "febrero", "marzo", "abril")),
    Fault("months before their year", "period.order", "period", cycled("period", "03/2021", "04/2020")),
    Fault("quarters before their year", "period.order", "period", cycled("period", "Q1 2020", "Q2 2020", "Q1 2021")),
    Fault("before and after", "period.order", "period", cycled("period", "before", "after")),
    Fault("the missing code 99 within the range", "value.code", "age", put("age", "99", slice(0, 30)), rows=30),
    Fault("the missing code 99 among days", "value.code", "followup_day", put("followup_day", "99", slice(0, 30)), rows=30),
    Fault("the missing code 9 among points", "value.code", "sofa", put("sofa", "9", slice(0, 30)), rows=30),
    Fault("the missing code 88", "value.code", "alt", put("alt", "88", slice(0, 30))),
    Fault("an age of nothing", "value.code", "age", put("age", "0", slice(0, 5)), rows=5),
    Fault("a Barthel index of no step", "likely.barthel", "barthel", put("barthel", "99", slice(0, 30)), rows=30),
    Fault("Charlson and SOFA swapped in a hospital", "columns.swapped", "charlson", swap("charlson", "sofa", hospital)),
    Fault("Charlson and SOFA swapped in an arm", "columns.swapped", "charlson", swap("charlson", "sofa", arm)),
    Fault("CRP and ALT swapped in an arm", "columns.swapped", "crp", swap("crp", "alt", arm)),
    Fault("CRP and ALT swapped in a period", "columns.swapped", "crp", swap("crp", "alt", period)),
    Fault("SpO2/FiO2 and PaO2/FiO2 swapped in a hospital", "columns.swapped", "spo2_fio2", swap("spo2_fio2", "pao2_fio2", hospital)),
    Fault("SpO2/FiO2 and PaO2/FiO2 swapped in a third", "columns.swapped", "spo2_fio2", swap("spo2_fio2", "pao2_fio2", third)),
    Fault("last dose and intensive care swapped", "likely.stop", "stop_day", swap("icu_day", "stop_day")),
    Fault("the Barthel index by another scale in a hospital", "unit.group", "barthel", scaled("barthel", 0.2, hospital)),
    Fault("hours in place of days in a hospital", "unit.group", "admission_to_dose", scaled("admission_to_dose", 24, hospital)),
    Fault("arms swapped in a hospital", "arms.dose", "dose_mg_day", lambda f: f.assign(drug=f["drug"].mask(hospital(f), inverted(f)))),
    Fault("yes and no exchanged", "value.often", "diabetes", flipped("diabetes")),
    Fault("yes and no exchanged, against another column", "value.often", "ckd", flipped("ckd")),
    Fault("dead and discharged exchanged", "outcome.most", "end_state",
          lambda f: f.drop(columns="stop_reason").assign(end_state=f["end_state"].map({"dead": "discharged", "discharged": "dead"}))),
    Fault("everybody of one age", "column.constant", "age", put("age", "65", slice(None))),
    Fault("everybody followed up for as long", "column.constant", "followup_day", put("followup_day", "28", slice(None))),
    Fault("everybody of one sex", "column.constant", "sex", put("sex", "F", slice(None))),
    Fault("a measurement of two values", "column.constant", "crp", cycled("crp", "95", "40")),
    Fault("nothing known in an arm", "missing.group", "crp", lambda f: f.assign(crp=f["crp"].mask(arm(f), ""))),
    Fault("nothing known in a hospital", "missing.group", "ferritin", lambda f: f.assign(ferritin=f["ferritin"].mask(hospital(f), ""))),
    Fault("no contraindication, and a high ALT", "facts.contraindication", "contraindication", put("alt", "900"), rows=5),
    Fault("obesity in the thin", "likely.obesity", "obesity", lambda f: f.assign(obesity=f["obesity"].mask(numbers(f, "bmi") < 24, "1"))),
    Fault("diagnoses that the Charlson index does not count", "likely.charlson", "charlson", put("charlson", "0", slice(0, 340))),
    Fault("stopped by death long before it", "likely.stop_death", "stop_day", lambda f: f.assign(stop_day=f["stop_day"].mask(f["stop_reason"] == "discharge", "1"))),
    Fault("stopped at intensive care on another day", "likely.stop_icu", "stop_day",
          lambda f: f.assign(stop_day=f["stop_day"].mask(f["stop_reason"] == "icu", "9"), followup_day="40")),
    Fault("completed on the first day", "likely.completed", "stop_day", lambda f: f.assign(stop_day=f["stop_day"].mask(f["stop_reason"] == "completed", "1"))),
    Fault("room air, and little oxygen", "likely.device", "o2_device", lambda f: f.assign(o2_device="none", high_flow_oxygen="0")),
    Fault("ids that are single names", "id.record", "patient_id", lambda f: f.assign(patient_id=[n.split(" ")[1] + n[:4].strip(",") for n in _names(len(f))])),
    Fault("ids that are names joined", "id.name", "patient_id", lambda f: f.assign(patient_id=[n.replace(", ", "_").replace(" ", "-") for n in _names(len(f))])),
    Fault("a few ids that are names", "id.name", "patient_id", lambda f: f.assign(patient_id=[*_names(3), *f["patient_id"][3:]]), rows=3),
    Fault("ids of initials and year of birth", "id.date", "patient_id", lambda f: f.assign(patient_id=[f"{chr(65 + i % 26)}{chr(65 + i // 26)}{1930 + i % 60}" for i in range(len(f))])),
    Fault("ids with the day first", "id.date", "patient_id", lambda f: f.assign(patient_id=[f"{1 + i % 28:02d}{1 + i % 12:02d}1956-{i}" for i in range(len(f))])),
    Fault("a small e in a rounded id", "id.damaged", "patient_id", put("patient_id", "1.23457e+11", [3]), rows=1),
    Fault("names in a column called otherwise", "column.personal", "x", lambda f: f.assign(x=_names(len(f)))),
    Fault("telephones in a column called otherwise", "column.personal", "x", lambda f: f.assign(x=[f"6{i:08d}" for i in range(len(f))])),
    Fault("free text", "column.personal", "x", lambda f: f.assign(x=[f"her daughter, who lives in Motril, rang in week {i}" for i in range(len(f))])),
    Fault("a column of first names in French", "column.personal", "Prenom", lambda f: f.assign(Prenom="x")),
    Fault("a column of birthdays in camels", "column.personal", "PatientBirthDate", lambda f: f.assign(PatientBirthDate="x")),
]  # fmt: skip


def _names(n: int) -> list[str]:
    first, last = ["Ana", "Luis", "Eva", "Juan"], ["Ruiz", "Mora", "Vega", "Soto"]
    return [
        f"{last[i % 4]}, {first[i // 4 % 4]} {chr(97 + i // 16 % 26) * 3}{chr(97 + i // 416)}"
        for i in range(n)
    ]


FAULTS = [*FILES, *COLUMNS, *VALUES, *PATIENTS, *FACTS, *SLIPS, *RELATIVES]
