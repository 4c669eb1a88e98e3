"""Turns a conversation into the text a model was trained on, by the template in its file.

What people, documents and tools say can never act as a control token: wherever one is spelled out,
the result is cut in the middle of it, and the pieces are tokenized one by one (`controls`). What a
template can do is found out by rendering small conversations (`probing`); what it does not take is
said in another way (`adapting`), tools too: in words, with a form that a grammar must force.
"""

from app.engine.templates.controls import ControlTexts
from app.engine.templates.sources import CHATML
from app.engine.templates.template import ChatTemplate, Guard, PlacedImage, Rendered

__all__ = ["CHATML", "ChatTemplate", "ControlTexts", "Guard", "PlacedImage", "Rendered"]
