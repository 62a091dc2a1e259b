"""Makes a MIME message of a letter: plain text, HTML, and pictures inside it."""

from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP

from reporting.domain.languages import Code, Language
from reporting.domain.letters import Kind, Letter, Picture, plain
from reporting.domain.sessions import Signer
from reporting.line_picture import HEIGHT, WIDTH, drawn
from reporting.rendering import Templates


class Composer:
    """Composes messages without their reader's address, which only the sending knows."""

    def __init__(
        self,
        templates: Templates,
        languages: Mapping[Code, Language],
        signer: Signer,
        base_url: str,
    ) -> None:
        self._templates = templates
        self._languages = languages
        self._signer = signer
        self._base_url = base_url

    def stop_address(self, recipient: str, kind: Kind) -> str:
        """Where a recipient asks for no more letters of a kind."""
        return f"{self._base_url}/unsubscribe/{self._signer.stop_token(recipient, kind)}"

    def compose(self, letter: Letter, recipient: str, kind: Kind) -> bytes:
        """The message as bytes.

        Args:
            letter: what is said.
            recipient: the user whom it is for.
            kind: what it is about.
        """
        stop = self.stop_address(recipient, kind)
        pictures = [one for one in letter.parts if isinstance(one, Picture)]
        html = self._templates.render(
            "mail/letter.html",
            letter.language,
            letter=letter,
            stop=stop,
            numbers={id(one): number for number, one in enumerate(pictures)},
            type_of=lambda part: type(part).__name__,
            id=id,
            size=(WIDTH, HEIGHT),
        )
        words = self._languages[letter.language].say("Et halua enää näitä viestejä? Peru ne tästä:")
        message = EmailMessage(SMTP)
        message["Subject"] = letter.subject
        message["Content-Language"] = letter.language
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(plain(letter, self._base_url, (words, stop)))
        message.add_alternative(html, subtype="html")
        for number, picture in enumerate(pictures):
            related = message.get_payload()[1]  # type: ignore[index]  # the HTML part
            related.add_related(  # type: ignore[union-attr]
                drawn(picture), "image", "png", cid=f"<picture-{number}>", disposition="inline"
            )
        return message.as_bytes()
