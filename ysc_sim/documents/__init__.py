"""Reading YAML as if it came from a stranger: safe, bounded, every value with its line and column."""

from ysc_sim.documents.files import inside, read_bytes, read_text, text_of
from ysc_sim.documents.reader import Document, parse_yaml, read_yaml
from ysc_sim.documents.suggest import suggest

__all__ = ["Document", "inside", "parse_yaml", "read_bytes", "read_text", "read_yaml", "suggest", "text_of"]
