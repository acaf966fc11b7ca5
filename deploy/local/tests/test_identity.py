"""The realm on a real Keycloak: what stands in a token, who gets one, what stays out."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from contracts import synthetic

from deploy.local import fetch, identity
from deploy.local.credentials import credential
from deploy.local.environment import clean, java
from deploy.local.settings import ROOT, Settings
from deploy.local.stack import Stack
from deploy.local.tests.free_ports import spare_settings
from deploy.local.token import TokenError, demo_users, token

CLAIMS = {"exp", "iat", "jti", "iss", "aud", "sub", "typ", "azp", "sid", "scope", "roles"}
ORGANISATIONS = {
    one["code"]: one["organisation_id"]
    for one in json.loads((ROOT / "deploy" / "identity" / "organisations.json").read_text())
}
ROLE = {
    "anna.employee": "employee",
    "carla.coordinator": "coordinator",
    "paul.approver": "approver",
    "fiona.finance": "finance",
    "nora.coordinator": "coordinator",
    "nils.employee": "employee",
    "olga.office": "office",
    "adam.auditor": "auditor",
    "pia.provider": "provider",
    "otto.ops": "ops",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running Keycloak with the realm, and nothing else."""
    chosen = spare_settings(tmp_path_factory.mktemp("identity"))
    with Stack(chosen, ["keycloak"]):
        yield chosen


def claims(settings: Settings, user: str) -> dict[str, Any]:
    """Verified as a service verifies: issuer, audience, expiry, RS256, the published key."""
    text = token(settings, user)
    keys = jwt.PyJWKSet.from_dict(
        httpx.get(f"{settings.issuer}/protocol/openid-connect/certs").json()
    )
    key = keys[jwt.get_unverified_header(text)["kid"]]
    return dict(
        jwt.decode(
            text, key, algorithms=["RS256"], audience="kommunalcampus", issuer=settings.issuer
        )
    )


def test_there_are_exactly_the_promised_demo_users(settings: Settings) -> None:
    assert set(demo_users(settings)) == set(ROLE)


@pytest.mark.parametrize("user", sorted(ROLE))
def test_a_token_tells_person_and_role_and_no_personal_data(settings: Settings, user: str) -> None:
    told = claims(settings, user)
    extra = {"org"} if "org" in told else {"provider"} if "provider" in told else set()
    assert set(told) == CLAIMS | extra
    assert (told["sub"], told["roles"]) == (demo_users(settings)[user], [ROLE[user]])
    assert (told["aud"], told["typ"], told["exp"] - told["iat"]) == (
        "kommunalcampus",
        "Bearer",
        300,
    )
    text = json.dumps(told).lower()
    assert not any(word in text for word in (*user.split(".")[:1], ".example", "@"))


def test_sub_is_a_random_uuid(settings: Settings) -> None:
    assert {UUID(person).version for person in demo_users(settings).values()} == {4}


def test_the_organisation_comes_with_its_people_only(settings: Settings) -> None:
    told = {user: claims(settings, user) for user in ROLE}
    county = {
        user for user, one in told.items() if one.get("org") == ORGANISATIONS["kreis-bergstrasse"]
    }
    town = {
        user for user, one in told.items() if one.get("org") == ORGANISATIONS["stadt-ausserhalb"]
    }
    assert county == {"anna.employee", "carla.coordinator", "paul.approver", "fiona.finance"}
    assert town == {"nora.coordinator", "nils.employee"}
    assert {user: one["provider"] for user, one in told.items() if "provider" in one} == {
        "pia.provider": "hochschule-rhein-neckar"
    }


def test_a_wrong_password_is_refused_and_does_not_lock_the_user_out(settings: Settings) -> None:
    for _ in range(5):
        with pytest.raises(TokenError, match="Invalid user credentials"):
            token(settings, "anna.employee", password="wrong")
    assert token(settings, "anna.employee")


def test_the_synthetic_booking_gets_a_token_of_its_own_and_nobody_elses_rights(
    settings: Settings,
) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "synthetic",
        "client_secret": credential(settings, "keycloak.synthetic"),
    }
    url = f"{settings.issuer}/protocol/openid-connect/token"
    answer = httpx.post(url, data=form)
    assert answer.status_code == 200, answer.text
    told = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert (told["org"], told["provider"]) == (str(synthetic.ORGANISATION), synthetic.PROVIDER)
    assert sorted(told["roles"]) == ["coordinator", "provider"]
    assert told["aud"] == "kommunalcampus"
    assert UUID(told["sub"]).version == 4
    wrong = httpx.post(url, data={**form, "client_secret": "guessed"})
    assert wrong.status_code == 401


def documented(chapter: str) -> str:
    """The commands of a chapter of docs/deployment.md, as they are typed."""
    text = (ROOT / "docs" / "deployment.md").read_text("utf-8").split(f"\n## {chapter}\n")[1]
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", text.split("\n## ")[0])
    return "".join(blocks)


def test_accounts_are_made_as_the_page_of_deployment_says(
    settings: Settings, tmp_path: Path
) -> None:
    """The very lines, with Keycloak's command of this machine in place of the container's."""
    admin = fetch.unpacked(settings, "keycloak") / "bin" / "kcadm.sh"
    lines = re.sub(r"(?ms)^kcadm\(\) \{.*?^\}\n", "", documented("The first people"))
    lines = lines.replace(". deploy/compose.env\n", "").replace(
        "make dead-letters", "printf '%s\\n'"
    )
    organisation = ORGANISATIONS["stadt-ausserhalb"]
    head = f"""set -eu
        kcadm() {{ sh {shlex.quote(str(admin))} "$@" --config {tmp_path}/kcadm; }}
        FIRST=first-password SECRET=s3cret-of-otto ORGANISATION={organisation}
        IDENTITY_PORT={settings.ports["keycloak"]} IDENTITY_URL={settings.url("keycloak")}
        PUBLIC_URL={settings.url("gateway")}
    """
    done = subprocess.run(
        ["/bin/sh", "-c", head + lines],
        env={
            **clean(settings),
            "JAVA": java(),
            "KEYCLOAK_ADMIN_PASSWORD": credential(settings, "keycloak.admin"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    given = dict(line.split("=", 1) for line in done.stdout.splitlines() if line[:3] == "KC_")
    told = jwt.decode(given["KC_TOKEN"], options={"verify_signature": False})
    assert (told["roles"], told["aud"]) == (["ops"], "kommunalcampus")
    assert UUID(told["sub"]).version == 4
    assert found(settings, "olga.meier") == (["office"], {})
    assert found(settings, "carl.roth") == (["coordinator", "employee"], {"org": [organisation]})


def found(settings: Settings, name: str) -> tuple[list[str], dict[str, list[str]]]:
    """Roles and attributes of a person, as the administration of Keycloak tells them."""
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin"}
    form["password"] = credential(settings, "keycloak.admin")
    url = settings.url("keycloak")
    signed = httpx.post(f"{url}/realms/master/protocol/openid-connect/token", data=form).json()
    with httpx.Client(
        base_url=f"{url}/admin/realms/kommunalcampus",
        headers={"Authorization": f"Bearer {signed['access_token']}"},
    ) as http:
        (person,) = http.get("/users", params={"username": name, "exact": "true"}).json()
        (api,) = http.get("/clients", params={"clientId": "kommunalcampus"}).json()
        roles = http.get(f"/users/{person['id']}/role-mappings/clients/{api['id']}").json()
    return sorted(role["name"] for role in roles), person.get("attributes", {})


def test_the_portal_and_the_app_give_no_token_for_a_password(settings: Settings) -> None:
    for client in ("portal", "mobile"):
        form = {"grant_type": "password", "client_id": client, "username": "olga.office"}
        answer = httpx.post(
            f"{settings.issuer}/protocol/openid-connect/token", data={**form, "password": "campus"}
        )
        assert answer.status_code in {400, 401}, (client, answer.text)


@pytest.mark.parametrize("client", ["portal", "mobile"])
def test_the_code_flow_needs_pkce_and_a_known_address(settings: Settings, client: str) -> None:
    home = f"{settings.url('gateway')}/callback" if client == "portal" else "http://127.0.0.1:4711/"
    base = f"{settings.issuer}/protocol/openid-connect/auth"
    asked = {"client_id": client, "response_type": "code", "scope": "openid", "redirect_uri": home}
    pkce = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    assert httpx.get(base, params={**asked, **pkce}).status_code == 200
    without = httpx.get(base, params=asked)
    assert "Missing+parameter%3A+code_challenge" in without.headers["location"]
    foreign = {**asked, **pkce, "redirect_uri": "https://evil.example/"}
    assert httpx.get(base, params=foreign).status_code == 400


def test_people_cannot_change_their_own_organisation(settings: Settings) -> None:
    realm = json.loads(identity.realm_file(settings).read_text())
    (profile,) = realm["components"]["org.keycloak.userprofile.UserProfileProvider"]
    declared = json.loads(profile["config"]["kc.user.profile.config"][0])
    editors = {one["name"]: one["permissions"]["edit"] for one in declared["attributes"]}
    assert "unmanagedAttributePolicy" not in declared
    assert (editors["org"], editors["provider"]) == (["admin"], ["admin"])


def test_keycloak_listens_on_the_loopback_only_and_its_secrets_are_private(
    settings: Settings,
) -> None:
    assert (settings.run / "credentials.json").stat().st_mode & 0o077 == 0
    well_known = httpx.get(f"{settings.issuer}/.well-known/openid-configuration").json()
    assert well_known["issuer"] == settings.issuer


def test_make_token_prints_the_token_alone_or_a_clear_complaint(settings: Settings) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KC_")},
        "KC_RUN": str(settings.run),
        "KC_KEYCLOAK_PORT": str(settings.ports["keycloak"]),
    }

    def ask(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local.token", *arguments],
            cwd=ROOT,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    good = ask("anna.employee")
    assert (good.returncode, good.stderr, good.stdout.count(".")) == (0, "", 2)
    unknown = ask("anna")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no demo user 'anna'" in unknown.stderr
    off = ask("anna.employee", KC_KEYCLOAK_PORT="1")
    assert (off.returncode, off.stdout) == (1, "")
    assert "does not answer" in off.stderr


def test_a_changed_realm_file_means_a_fresh_state(settings: Settings) -> None:
    other = replace(settings, ports={**settings.ports, "gateway": 1})
    before, after = (identity.part(one).command for one in (settings, other))
    assert before != after  # the home folder, keyed by what the realm consists of
