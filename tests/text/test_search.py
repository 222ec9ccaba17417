"""Finding what was said."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from twisted_chat.store import LOBBY, Query, Scope

from .case import HallTestCase


class SearchTests(HallTestCase):
    def test_words_in_everything_one_may_see(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den", "create #attic private")
        ann.types("join #den", "say #den the homework is due", "PM bob homework?")
        bob.types("say #attic secret homework", "BM Homework!")
        self.forget(ann)
        ann.types("search homework")
        ann.reads(
            "[#den/3 10:00] #den ann: the homework is due",
            "[bob/1 10:00 private] ann: homework? <private message>",
            "[#lobby/1 10:00] bob: Homework!",
        )
        ann.types("search homework due")
        ann.reads("[#den/3 10:00] #den ann: the homework is due")
        ann.types('search "due homework"', "search nothing")
        ann.reads("(Nothing found)", "(Nothing found)")

    def test_a20_people_take_turns_however_much_they_search(self) -> None:
        ann, _ = self.people("ann", "bob")
        ann.types("BM red")  # which the index is to take in first
        sessions = {session.person.name: session for session in self.hall.chat.sessions}
        red, answered = Query("red", (Scope(LOBBY),)), list[str]()
        for name in ("ann", "ann", "ann", "bob"):
            found = Deferred.fromCoroutine(self.hall.chat.history.search(sessions[name], red))
            found.addCallback(lambda page, name: answered.append(name), name)
        self.assertEqual(answered, [])
        self.hall.settle()
        self.assertEqual(answered, ["ann", "bob", "ann", "ann"])

    def test_a20_one_who_searches_too_much_makes_room_for_others(self) -> None:
        ann, _ = self.people("ann", "bob")
        ann.types("BM red")
        sessions = {session.person.name: session for session in self.hall.chat.sessions}
        red, refused, found = Query("red", (Scope(LOBBY),)), list[str](), list[str]()
        for name in ["ann"] * 70 + ["bob"]:
            searched = Deferred.fromCoroutine(self.hall.chat.history.search(sessions[name], red))
            searched.addCallbacks(
                lambda page, name: found.append(name),
                lambda failure, name: refused.append(f"{name} {failure.value.code}"),
                callbackArgs=(name,),
                errbackArgs=(name,),
            )
        self.hall.settle()
        self.assertEqual(refused, ["ann busy"] * 6)
        self.assertEqual(sorted(found), ["ann"] * 64 + ["bob"])

    def test_filters(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den")
        ann.types("join #den", "say #den apple", "BM apple one", "PM bob apple two")
        self.hall.wall_offset += 86_400_000
        bob.types("BM apple three")
        self.forget(ann)
        lobby, private = (
            "[#lobby/1 2026-01-01 10:00] ann: apple one",
            "[bob/1 2026-01-01 10:00 private] ann: apple two <private message>",
        )
        den, later = (
            "[#den/3 2026-01-01 10:00] #den ann: apple",
            "[#lobby/2 10:00] bob: apple three",
        )
        for line, found in (
            ("search apple", (den, lobby, private, later)),
            ("search apple from:bob", (later,)),
            ("search from:ANN apple", (den, lobby, private)),
            ("search from:bob", (later,)),
            ("search apple in:#den", (den,)),
            ("search apple in:#lobby from:ann", (lobby,)),
            ("search in:bob apple", (private,)),
            ("search apple after:2026-01-02", (later,)),
            ("search apple before:2026-01-02", (den, lobby, private)),
            ("search apple after:2026-01-01 before:2026-01-02 in:#lobby", (lobby,)),
            ("search apple after:2027-01-01", ("(Nothing found)",)),
        ):
            with self.subTest(line=line):
                ann.types(line)
                ann.reads(*found)

    def test_page_by_page(self) -> None:
        ann = self.hall.person("ann")
        for number in range(45):
            ann.says(f"apple {number}")
        ann.takes()
        ann.types("search apple")
        ann.reads(
            *(f"[#lobby/{n + 1} 10:00] ann: apple {n}" for n in range(25, 45)),
            "(There is more: search)",
        )
        ann.types("search")
        ann.reads(
            *(f"[#lobby/{n + 1} 10:00] ann: apple {n}" for n in range(5, 25)),
            "(There is more: search)",
        )
        ann.types("search", "search")
        ann.reads(
            *(f"[#lobby/{n + 1} 10:00] ann: apple {n}" for n in range(5)),
            "(Type what to look for: search <words>.)",
        )

    def test_in_any_language(self) -> None:
        ann = self.hall.person("ann")
        said = {
            "今天的作业很难": ("作业", "难"),
            "宿題はもう終わりましたか": ("宿題", "終わり"),
            "숙제를 끝냈어요": ("숙제", "끝냈"),
            "การบ้านยากมาก": ("บ้าน", "ยาก"),
            "الواجب المنزلي صعب": ("الواجب", "صعب"),
            "Die Übung ist größer": ("übung", "GRÖSSER"),
            "party 🎉 tonight": ("🎉", "tonight"),
            "Домашнее задание": ("задание", "ДОМАШНЕЕ"),
        }
        for text in said:
            ann.says(text)
        ann.takes()
        for number, (text, words) in enumerate(said.items(), 1):
            for word in words:
                with self.subTest(word=word):
                    ann.types(f"search {word}")
                    ann.reads(f"[#lobby/{number} 10:00] ann: {text}")

    def test_d16_what_cannot_be_looked_for(self) -> None:
        ann = self.hall.person("ann")
        ann.says("apple")
        ann.takes()
        for line, answer in (
            ("search", "Type what to look for: search <words>."),
            ("search in:#lobby", "Give a word to look for too, or from:user for all of theirs."),
            ("search apple after:yesterday", "A day is written as 2026-12-31."),
            ("search apple after:2026-13-01", "A day is written as 2026-12-31."),
            ("search apple in:#nowhere", "There is no room called #nowhere."),
            ("search apple from:zoe", "There is no user called zoe."),
            ("search apple from:ann from:ann", "Give from: only once."),
            ('search ""', "There is no word to look for in this."),
            ("search ++ --", "There is no word to look for in this."),
        ):
            ann.types(line)
            ann.reads(f"({answer})")
        for line in ('search apple"', "search apple*", "search (apple)", "search -apple"):
            ann.types(line)
            ann.reads("[#lobby/1 10:00] ann: apple")
        for line in ("search apple NOT apple", "search text:apple", "search '; DROP TABLE entry"):
            ann.types(line)
            ann.reads("(Nothing found)")

    def test_after_a_restart(self) -> None:
        ann = self.hall.person("ann")
        ann.says("apple")
        self.hall.restart()
        ann = self.hall.person("ann")
        ann.types("search APPLE")
        ann.reads("[#lobby/1 10:00] ann: apple")
