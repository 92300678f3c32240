"""The station's configuration: its tables, read from TOML files and checked."""

from stationd.runtime.settings.keys import Key as Key
from stationd.runtime.settings.keys import changed as changed
from stationd.runtime.settings.keys import dotted as dotted
from stationd.runtime.settings.keys import values as values
from stationd.runtime.settings.merging import Source as Source
from stationd.runtime.settings.reading import Configuration as Configuration
from stationd.runtime.settings.reading import SettingsError as SettingsError
from stationd.runtime.settings.reading import load as load
from stationd.runtime.settings.reading import parse as parse
from stationd.runtime.settings.reading import read as read
from stationd.runtime.settings.settings import Settings as Settings
from stationd.runtime.settings.tables import Deadlines as Deadlines
from stationd.runtime.settings.tables import Queue as Queue
from stationd.runtime.settings.tables import Retention as Retention
