# SPDX-License-Identifier: MIT
"""What every story of the page has: one browser, one server and its collections, and the program's own answers."""

import json
import os

import browser as browsers
import place as places
from tap import Tap

tap = Tap()


class Story:
    """One browser, one server, and its collections."""

    def __init__(self, found, root, build_root, program, work, many=places.MANY):
        self.found, self.root, self.build_root, self.program, self.work = found, root, build_root, program, work
        self.database, self.images = places.make_place(program, root, work, many)
        self.serve = browsers.Serve(program, self.database)
        self.url = self.serve.url
        self.web = browsers.Browser(found)

    def cli(self, *arguments, collection="photos"):
        return json.loads(
            places.run(self.program, *arguments, "--json", "--db", self.database, "--collection", collection)
        )

    def cli_hits(self, *arguments):
        return [
            (os.path.basename(hit["path"]), hit["score"])
            for hit in self.cli("search", *arguments)["queries"][0]["hits"]
        ]

    def cli_names(self, filter_text):
        return sorted(os.path.basename(item["path"]) for item in self.cli("query", "--filter", filter_text)["items"])

    def open(self, address=""):
        self.web.open(self.url + address)
        self.web.settled()


def names(hits):
    return [name for name, _ in hits]
