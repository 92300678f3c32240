"""What whoever knows Nexus' jobs API relies on, and what hurts there: the list, by number.

Every item is a fact that a test of this folder states, marked with the item's number, or has no
meaning without an account at a cloud and stands in `ONLY_IN_A_CLOUD` with the reason.
"""

from typing import Final

import pytest

ITEMS: Final[dict[int, str]] = {
    1: "get_all can be counted, summarized and listed; what it lists are references",
    2: "get returns the right class, equal to what was submitted; references survive a file",
    3: "many matches, none, and an unknown id are told apart",
    4: "a job that was just submitted says where it stands",
    5: "a compile job has one result for each item, with its input and its output",
    6: "results before the end are refused, or are references to incomplete items",
    7: "of a mixed batch all items are shown, in the order of submission",
    8: "waiting for a job that fails raises, whenever it fails",
    9: "a result can be downloaded twice, and its input is what was submitted",
    10: "a group of users that one is not in is refused in words",
    11: "costed devices say what a job and an item cost, and how sure that is",
    12: "whichever way one waits, the wait ends with COMPLETED",
    13: "a list of the wrong length is named before anything is sent; a number is for all",
    14: "every filter is understood, enums and text alike",
    15: "project and properties of a block hold; an argument wins; all ends with the block",
    16: "whoever is no admin sees nothing with an admin's scope; HIGHEST is USER for them",
    17: "an expired token is refreshed once and the request sent again",
    18: "another version is told, with what to do",
    19: "every class of reference can be kept in a file",
    20: "what was deleted is told to be gone, whichever way one asks",
    21: "projects are made once, archived, and searched by typed properties",
    22: "waiting for RUNNING ends at RUNNING, and past it too",
    23: "a connection that ends in order ends no wait",
    24: "reconnects come with a back-off that has a cap",
    25: "the timeout holds although the station hangs",
    26: "a failed request, or a lost connection, ends no wait",
    27: "a timeout names the job and its status, and the job goes on",
    28: "the error of a job carries its id, its status, what went wrong, and with which items",
    29: "CANCELLING and RETRYING are waited through, and can be searched for",
    30: "a status that a newer station knows neither ends nor hangs a wait",
    31: "a wait begins with where the job stands, so that nothing is missed before it",
    32: "a page can be asked for; a search can be iterated twice; a row costs no request",
    33: "cancel can be repeated, is told of what is over, and shows what came of each item",
    34: "a retry does what its strategy says, to the items that it names, and is counted",
    35: "an id that is submitted twice gives one job",
    36: "files with tokens are their owner's alone",
    37: "an exception goes through a block of a project",
    38: "an item without result is never left out",
}

ONLY_IN_A_CLOUD: Final[dict[int, str]] = {
    11: "nobody pays for a station's jobs",
    17: "nobody logs in: the kernel tells the station who asks, so no token expires",
    36: "nobody logs in, so no token is kept in a file",
}

checklist = pytest.mark.checklist
"""Says which items a test is about."""
