"""A folder of real, messy documents, with questions whose answers are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests import documents


@dataclass(frozen=True, slots=True)
class Known:
    """A question, the file and page its answer stands on, and words the answer must have."""

    question: str
    file: str
    page: int | None
    words: str


LEASE = (
    "Lease of the flat at 12 Mill Lane. The parties are Anna Berg, landlord, and Tom Frey, tenant.",
    "The monthly rent is 1,200 euros and is due on the first working day of each month. Heating"
    " costs are billed once a year.",
    "Either party may end this lease with a notice period of three months to the end of a quarter."
    " Notice must be given in writing.",
)
KNOWN = (
    Known("How long is the notice period of the lease?", "lease.pdf", 3, "three months"),
    Known("What is the monthly rent?", "lease.pdf", 2, "1,200"),
    Known("Which material is the bridge made of?", "bridge.docx", None, "granite"),
    Known("When does the museum open?", "museum.html", None, "ten"),
    Known("Who maintains the pump?", "pump.pptx", None, "Okafor"),
    Known("What is the boiling point of the solvent?", "solvent.md", None, "78"),
)
UNANSWERABLE = "Who won the football world cup in 1998?"


def good(folder: Path) -> None:
    """Write the documents that hold the answers."""
    folder.mkdir(parents=True, exist_ok=True)
    documents.pdf(folder / "lease.pdf", LEASE, title="Lease, Mill Lane")
    documents.docx(
        folder / "bridge.docx",
        ["The old bridge over the Ell is made of local granite.", "It was widened in 1931."],
    )
    documents.html(
        folder / "museum.html",
        "<h1>Visit</h1><p>The museum opens at ten in the morning on every day but Monday.</p>",
    )
    documents.pptx(folder / "pump.pptx", [("Pump room", "The pump is maintained by Grace Okafor.")])
    documents.markdown(
        folder / "solvent.md",
        "# Solvent\n\nThe boiling point of the solvent is 78 degrees Celsius.\n",
    )
    documents.xlsx(folder / "prices.xlsx", {"Prices": [("Item", "Price"), ("Rope", 14)]})
    documents.csv(folder / "staff.csv")
    documents.epub(folder / "book.epub")
    documents.code(folder / "rent.py")
    documents.text(folder / "umlaut.txt", "Die Miete beträgt 950 Euro für März.", "cp1252")


BAD = (
    "encrypted.pdf",
    "truncated.pdf",
    "scanned.pdf",
    "empty.pdf",
    "bomb.docx",
    "not-a-zip.docx",
)


def bad(folder: Path) -> None:
    """Write documents that cannot be read."""
    folder.mkdir(parents=True, exist_ok=True)
    documents.pdf(folder / "encrypted.pdf", password="secret")
    documents.truncated(documents.pdf(folder / "truncated.pdf"), 0.5)
    documents.scanned_pdf(folder / "scanned.pdf")
    (folder / "empty.pdf").touch()
    documents.zip_bomb_docx(folder / "bomb.docx")
    (folder / "not-a-zip.docx").write_bytes(bytes(range(256)) * 8)


def wrongly_named(folder: Path) -> Path:
    """A PDF that is called a Word document; its content counts."""
    path = documents.pdf(folder / "really-a-pdf.pdf", ["The ferry to Ellery leaves at noon."])
    return path.rename(folder / "letter.docx")
