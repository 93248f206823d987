"""Start the payment sandbox for tests, and work its controls and its pay page over HTTP."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import requests

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
NO_MONEY_CARD = "4000 0000 0000 9995"
THREE_D_SECURE_CARD = "4000 0027 6000 3184"
REFUND_FAILS_CARD = "4000 0000 0000 5126"
REFUND_PENDING_CARD = "4000 0000 0000 7726"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox process."""

    base_url: str
    process: "subprocess.Popen[str]"

    def reset(self) -> int:
        """Forget everything but the record of the run; return how many requests that has.

        Returns only when no delivery is in flight any more.
        """
        return int(self._call("POST", "/reset")["requests"])

    def pay(
        self, session: str, *, card: str = GOOD_CARD, email: str = "payer@example.com"
    ) -> requests.Response:
        """Fill in and submit the pay page of a session (its id or its URL).

        The answer is not followed: 303 towards ``success_url`` or the bank's page, 402 for a
        decline, 410 for an expired session.
        """
        url = session if session.startswith("http") else self._pay_url(session)
        form = {
            "email": email,
            "number": card,
            "expiry": "12 / 40",
            "cvc": "123",
            "name": "Pat Payer",
        }
        return requests.post(url, data=form, allow_redirects=False, timeout=30)

    def answer_bank(self, url: str, *, complete: bool = True) -> requests.Response:
        """Press Complete or Fail on the bank's page that ``pay`` led to. Not followed."""
        url = url if url.startswith("http") else self.base_url + url
        form = {"outcome": "complete" if complete else "fail"}
        return requests.post(url, data=form, allow_redirects=False, timeout=30)

    def requests(self, since: int = 0) -> list[Json]:
        """Return the recorded API requests and answers after number ``since``."""
        return cast(list[Json], self._call("GET", f"/requests?since={since}"))

    def violations(self) -> list[Json]:
        """Return where the sandbox's own answers broke Stripe's specification."""
        return cast(list[Json], self._call("GET", "/violations"))

    def set_webhook(
        self,
        url: str | None,
        secret: str = "whsec_test",
        *,
        connect_url: str | None = None,
        connect_secret: str = "whsec_connect",
    ) -> None:
        """Send every event to ``url`` alone from now on; None sends them nowhere.

        Those of connected accounts go to ``connect_url``.
        """
        body = {
            "url": url,
            "secret": secret,
            "connect_url": connect_url,
            "connect_secret": connect_secret,
        }
        self._call("PUT", "/webhook", body)

    def deliveries(self, state: str | None = None) -> list[Json]:
        """Return the deliveries since the last reset, those in one state if it is given."""
        found = cast(list[Json], self._call("GET", "/deliveries"))
        return [one for one in found if state in (None, one["state"])]

    def wait_for_deliveries(self, seconds: float = 30) -> None:
        """Return once no delivery is queued or in flight; held ones do not count."""
        self._call("POST", "/deliveries/wait", {"timeout": seconds})

    def hold_deliveries(self) -> None:
        """Keep back every delivery from now on."""
        self._call("POST", "/deliveries/hold")

    def release_deliveries(
        self, order: Sequence[str] | None = None, *, together: bool = False
    ) -> list[Json]:
        """Send held deliveries and return them once attempted.

        Args:
            order: delivery ids, sent one after another; one that is named twice is sent
                twice. None sends all that are held, and ends the holding.
            together: send all at once instead.
        """
        body: Json = {"together": together}
        if order is not None:
            body["order"] = list(order)
        return cast(list[Json], self._call("POST", "/deliveries/release", body))

    def drop_deliveries(self, order: Sequence[str] | None = None) -> None:
        """Lose held deliveries for good: the named ones, or all."""
        self._call("POST", "/deliveries/drop", {} if order is None else {"order": list(order)})

    def retry_deliveries(self) -> list[Json]:
        """Attempt now what waits for another attempt; return it once attempted."""
        return cast(list[Json], self._call("POST", "/deliveries/retry"))

    def redeliver(self, event: str) -> None:
        """Send one event again."""
        self._call("POST", f"/events/{event}/redeliver")

    def refund_in_dashboard(self, charge: str, amount: int | None = None) -> Json:
        """Refund a charge (``amount`` cents, or what is left) behind the application's back."""
        body = {"charge": charge, "amount": amount}
        return cast(Json, self._call("POST", "/refunds", body))

    def settle_refund(self, refund: str) -> Json:
        """Bring a pending refund, or one to a failing card, to its end now."""
        return cast(Json, self._call("POST", f"/refunds/{refund}/settle"))

    def expire_session(self, session: str) -> Json:
        """Let an open session run out now."""
        return cast(Json, self._call("POST", f"/sessions/{session}/expire"))

    def release_in_disorder(
        self, seed: int, *, duplicated: float = 0, dropped: float = 0, together: bool = False
    ) -> list[Json]:
        """Send held deliveries shuffled by ``seed``, a share of them twice, another not at all."""
        body: Json = {"seed": seed, "duplicated": duplicated, "dropped": dropped}
        return cast(
            list[Json], self._call("POST", "/deliveries/release", body | {"together": together})
        )

    def fault(self, kind: str, path: str = "*", **more: Any) -> None:
        """Let the next API requests to ``path`` go wrong: see ``sandbox/faults.py``."""
        self._call("POST", "/faults", {"kind": kind, "path": path, **more})

    def clear_faults(self) -> None:
        """Let everything go well from now on."""
        self._call("DELETE", "/faults")

    def dispute(self, charge: str, reason: str = "general", *, inquiry: bool = False) -> Json:
        """Let the bank dispute a charge; as an inquiry it only asks."""
        body = {"charge": charge, "reason": reason, "inquiry": inquiry}
        return cast(Json, self._call("POST", "/disputes", body))

    def submit_evidence(self, dispute: str, **evidence: str) -> Json:
        """Answer a dispute as its owner does in the dashboard."""
        return cast(Json, self._call("POST", f"/disputes/{dispute}/submit", {"evidence": evidence}))

    def close_dispute(self, dispute: str, *, won: bool) -> Json:
        """Let the bank decide."""
        return cast(Json, self._call("POST", f"/disputes/{dispute}/close", {"won": won}))

    def pay_out(self, account: str = "") -> Json:
        """Pay out everything on an account's balance. It arrives a day later."""
        return cast(Json, self._call("POST", "/payouts", {"account": account, "pending": True}))

    def end_payout(self, payout: str, *, well: bool = True) -> Json:
        """Let a payout reach the bank now, or come back from it."""
        end = "arrive" if well else "fail"
        return cast(Json, self._call("POST", f"/payouts/{payout}/{end}"))

    def take_fee(self, amount: int, account: str = "") -> Json:
        """Let Stripe take some cents for a service of its own."""
        return cast(Json, self._call("POST", "/fees", {"account": account, "amount": amount}))

    def onboard(self, account: str, name: str = "Quiet Practice") -> Json:
        """Fill in the onboarding page of a connected account."""
        return cast(Json, self._call("POST", f"/accounts/{account}/onboard", {"name": name}))

    def switch_account(self, account: str, *, charges: bool) -> Json:
        """Let a connected account charge, or forbid it."""
        return cast(Json, self._call("POST", f"/accounts/{account}/switch", {"charges": charges}))

    def let_go(self, account: str) -> Json:
        """End the connection from the account's side."""
        return cast(Json, self._call("POST", f"/accounts/{account}/let-go"))

    def stop(self) -> int:
        """Ask the process to end, as Ctrl-C does; return its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def _pay_url(self, session: str) -> str:
        return f"{self.base_url}/checkout/pay/{session}"

    def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        answer = requests.request(method, f"{self.base_url}/_sandbox{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()


def start_sandbox(*arguments: str, environment: dict[str, str] | None = None) -> Sandbox:
    """Start a sandbox on a free port and wait until it answers.

    Args:
        arguments: more of the command line, such as ``--state FILE``.
        environment: the whole environment of the process; by default it inherits ours.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    base_url = process.stdout.readline().strip()
    if not base_url:
        raise RuntimeError(f"the sandbox ended with code {process.wait()} before it began")
    return Sandbox(base_url, process)
