"""What is drawn below the lines: the line that is typed, or a question, and the status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    ConditionalProcessor,
    Processor,
    Transformation,
    TransformationInput,
)

from ..desk.completion import Completion as DeskCompletion
from ..desk.front import Status
from . import status_bar
from .formatting import Fragments, cleaned

MENU = 8  # rows of the list of what a line may go on as


class DeskCompleter(Completer):
    """How the line may go on, as the desk knows it."""

    def __init__(self, complete: Callable[[str], Sequence[DeskCompletion]]) -> None:
        """`complete` says how a text may go on."""
        self._complete = complete

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        before = document.text_before_cursor
        for way in self._complete(before):
            text, about = cleaned(way.text), cleaned(way.about)
            yield Completion(
                text, way.start - len(before), display=text.strip() or text, display_meta=about
            )


class Hidden(Processor):
    """Shows nothing of what is typed, not even how much."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        return Transformation([], lambda index: 0, lambda index: 0)


class Drawn(Protocol):
    """What is drawn of a screen."""

    line: Buffer
    answer: Buffer

    @property
    def status(self) -> Status: ...
    @property
    def columns(self) -> int: ...
    @property
    def is_asking(self) -> bool: ...
    @property
    def is_unseen(self) -> bool: ...
    @property
    def question_prompt(self) -> str: ...
    @property
    def question_above(self) -> list[str]: ...


def layout(screen: Drawn) -> Layout:
    """The layout of a screen."""
    asking = Condition(lambda: screen.is_asking)
    unseen = ConditionalProcessor(Hidden(), Condition(lambda: screen.is_unseen))
    line = _input(screen.line, lambda: status_bar.prompt(screen.status, screen.columns))
    answer = _input(screen.answer, lambda: cleaned(screen.question_prompt), unseen)
    rows = HSplit(
        [
            _text(lambda: status_bar.unsent(screen.status, screen.columns), wrap=False),
            ConditionalContainer(_text(lambda: _above(screen), wrap=True), asking),
            ConditionalContainer(answer, asking),
            ConditionalContainer(line, ~asking),
            _text(lambda: status_bar.transfers(screen.status, screen.columns), wrap=False),
            Window(
                FormattedTextControl(lambda: status_bar.status_bar(screen.status, screen.columns)),
                height=1,
                dont_extend_height=True,
            ),
            Window(),
        ],
        # Where there is no room for all of it, nothing is better than a complaint.
        window_too_small=Window(),
    )
    menu = Float(CompletionsMenu(max_height=MENU), xcursor=True, ycursor=True)
    return Layout(FloatContainer(rows, [menu]), focused_element=screen.answer)


def _input(buffer: Buffer, prompt: Callable[[], str], *processors: Processor) -> Window:
    def height() -> Dimension:
        return Dimension(min=MENU + 1) if buffer.complete_state is not None else Dimension()

    def prefix(number: int, wrapped: int) -> Fragments:
        return [("class:prompt", prompt())] if not (number or wrapped) else []

    return Window(
        BufferControl(
            buffer, input_processors=list(processors), include_default_input_processors=False
        ),
        wrap_lines=True,
        dont_extend_height=Condition(lambda: buffer.complete_state is None),
        height=height,
        get_line_prefix=prefix,
    )


def _text(text: Callable[[], Fragments], wrap: bool) -> ConditionalContainer:
    window = Window(FormattedTextControl(text), wrap_lines=wrap, dont_extend_height=True)
    return ConditionalContainer(window, Condition(lambda: bool(text())))


def _above(screen: Drawn) -> Fragments:
    above = screen.question_above
    return [("", "\n".join(map(cleaned, above)))] if above else []
