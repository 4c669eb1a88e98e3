"""Writes resources/samples/harbour-handbook.pdf, the document that `cairn selftest` asks about.

Run after changing the text: ``python packaging/make_sample.py``. Needs reportlab (a test package).
"""

from __future__ import annotations

from pathlib import Path

from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer

TARGET = Path(__file__).resolve().parent.parent / "resources" / "samples" / "harbour-handbook.pdf"
TITLE = "Harbour Handbook of Port Ellery"
PAGES = (
    (
        "1. Arrival",
        "This handbook is for skippers who visit the harbour of Port Ellery. It was written for"
        " Cairn's self-test; the harbour is invented.",
        "Call the harbour office on channel 12 before you pass the outer buoy. Vessels longer than"
        " 18 metres take a pilot from the outer buoy to the inner basin.",
        "The speed limit inside the breakwater is five knots. Keep clear of the ferry, which leaves"
        " the north quay at every full hour.",
    ),
    (
        "2. Mooring and fees",
        "Visitors moor along the east quay. The first two hours are free of charge; after that the"
        " fee is 14 crowns for each started day, to be paid at the harbour office.",
        "Mooring lines may not cross the fairway. Between the first of November and the end of"
        " March the east quay is closed because of swell, and visitors moor in the inner basin.",
    ),
    (
        "3. Water, power and waste",
        "Drinking water is available at every tenth bollard and costs nothing. Shore power has 16"
        " amperes; tokens for it are sold in the harbour office and last for six hours.",
        "Used oil is taken at the workshop on weekdays before noon. Emptying tanks into the harbour"
        " is forbidden and costs 900 crowns.",
    ),
    (
        "4. Storm signals",
        "Two red lights above each other on the lighthouse mean that a gale is expected within"
        " twelve hours. A third light means that the harbour entrance is closed.",
        "When the entrance is closed, the lifeboat crew alone decides who may pass. Double every"
        " mooring line as soon as the second light is shown.",
    ),
    (
        "5. The lighthouse",
        "The lighthouse was built in 1874 from local granite and is 31 metres high. Its light can"
        " be seen for 19 nautical miles in clear weather.",
        "The tower is open to visitors on Sundays from May to September. Its last keeper, Ines"
        " Halloran, left the station in 1989 when the light was automated.",
    ),
)


def main() -> None:
    """Write the PDF."""
    styles = getSampleStyleSheet()
    styles["BodyText"].leading = 15
    flow = [Paragraph(TITLE, styles["Title"]), Spacer(1, 12)]
    for number, (heading, *paragraphs) in enumerate(PAGES):
        if number:
            flow.append(PageBreak())
        flow.append(Paragraph(heading, styles["Heading2"]))
        for text in paragraphs:
            flow += [Paragraph(text, styles["BodyText"]), Spacer(1, 8)]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    document = SimpleDocTemplate(
        str(TARGET), pagesize=A5, title=TITLE, author="The Cairn developers", invariant=1
    )
    document.build(flow)


if __name__ == "__main__":
    main()
