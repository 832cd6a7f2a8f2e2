"""``python -m infra.deploy``: a packaged stage into the account of the operator's credentials, shown before done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.errors import BadInput, Refusal
from chalicelib.settings import Settings, SettingsError
from chalicelib.times import chinese_time
from chalicelib.wechat.menu import default_menu
from infra import interpreter, release, stagefile
from infra.account import known_secrets, this_cloud
from infra.cloud import Change, Cloud
from infra.failed import DeploymentFailed
from infra.package import MANIFEST, ROOT, make
from infra.parameters import rotating
from infra.smoke import smoke
from infra.stage import Stage
from infra.stagefile import StageFile
from infra.within import acting, environment, run_jobs

PACKAGE = ROOT / "build" / "package"
_KEPT = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::EC2::EIP")
_NEXT = """第一次部署，接下来：
  1. 域名的 CNAME 指向 DomainTarget（中国区先完成备案接入）
  2. 把 EgressAddresses 和管理员电脑的地址填进公众号后台的 IP 白名单
  3. 公众号后台填消息推送 URL {callback}，Token、EncodingAESKey 与 Secrets Manager 一致，选安全模式
  4. 导入内容、发布菜单、体检：docs/operations.md 第 6 步"""

Say = Callable[[str], None]


class Deployment:
    """``say`` shows a line, ``agree`` asks the operator, ``check`` looks at the running stage from outside.
    ``publish_menu`` puts the menu onto the platform; False when that refused, having said why."""

    def __init__(
        self,
        cloud: Cloud,
        say: Say,
        agree: Callable[[str], bool],
        check: Callable[[str], list[str]] = smoke,
        publish_menu: Callable[[], bool] = lambda: True,
    ) -> None:
        self._cloud = cloud
        self._say = say
        self._agree = agree
        self._check = check
        self._publish_menu = publish_menu

    def run(self, stage: Stage, chosen: StageFile, package: Path, earlier: str, now: datetime) -> None:
        """Deploy ``package``, or the release ``earlier`` when it is named.

        Raises DeploymentFailed and SettingsError; nothing has been changed unless the text says so.
        """
        account, who = self._cloud.identity()
        self._say(f"账号 {account}，区域 {self._cloud.region}，身份 {who}")
        secrets, version = self._cloud.secret(stage)
        check_menu(chosen.check(known_secrets(stage, secrets)))
        bucket = self._cloud.artifacts(account)
        if earlier:
            found = release.earlier(self._cloud, stage, earlier, bucket)
        else:
            found = release.publish(self._cloud, stage, package, bucket)
        if lacking := found.lacks(chosen.layers):
            raise DeploymentFailed(
                f"版本 {found.id} 打包时没有层 {'、'.join(lacking)}，环境文件却要用它。请重新打包，或先关掉那项设置。"
            )
        parameters = {**chosen.parameters(), "SecretVersion": version, **rotating(secrets)}
        name = f"r{found.id}-{now:%Y%m%d%H%M%S}"
        wanted = self._cloud.change_set(stage, name, found.url, found.parameters(parameters))
        if wanted.arn is None:
            self._say("没有变化，不用部署。")
        elif self._agreed(wanted.changes):
            outputs = self._cloud.execute(stage, wanted.arn, lambda text: self._say(f"  {text}"))
            release.note_deployed(self._cloud, stage, found.id, bucket, now)
            self._finish(stage, found.id, outputs, is_first=wanted.is_first)
            self._menu(stage, is_first=wanted.is_first, is_earlier=bool(earlier))
        else:
            self._cloud.drop(wanted.arn)
            self._say("没有部署，什么都没有改动。")

    def releases(self, stage: Stage) -> list[tuple[datetime, str]]:
        """(when it first ran, id), the earliest first."""
        return release.deployed(self._cloud, stage, self._cloud.artifacts(self._cloud.identity()[0]))

    def before(self, stage: Stage) -> str:
        """The release that ran before the present one. Raises DeploymentFailed."""
        return release.before(self.releases(stage), self.current(stage))

    def current(self, stage: Stage) -> str:
        return self._cloud.outputs(stage).get(release.OUTPUT, "")

    def _agreed(self, changes: tuple[Change, ...]) -> bool:
        self._say(f"将有 {len(changes)} 处变更：")
        for change in changes:
            self._say(f"  {change.action:<7} {change.id}（{change.kind}）{'，换成新的' if change.replaces else ''}")
        lost = [each.id for each in changes if each.kind in _KEPT and (each.action == "Remove" or each.replaces)]
        if lost:
            self._say(
                f"其中 {'、'.join(lost)} 存着数据或固定地址，不会自动替换或删除：docs/operations.md“换掉数据资源”。"
            )
            return False
        return self._agree("现在执行？")

    def _finish(self, stage: Stage, release_id: str, outputs: Mapping[str, str], *, is_first: bool) -> None:
        self._say(f"部署完成，版本 {release_id}。不对就退回上一版：make rollback STAGE={stage.name}")
        for key, value in sorted(outputs.items()):
            self._say(f"  {key} = {value}")
        problems = self._check(outputs["EndpointURL"].rstrip("/"))
        if is_first:
            self._say(_NEXT.format(callback=outputs["CallbackUrl"]))
        if problems:
            raise DeploymentFailed("已经部署，但从外面看不正常：\n" + "\n".join(f"- {each}" for each in problems))
        self._say("冒烟检查通过。")

    def _menu(self, stage: Stage, *, is_first: bool, is_earlier: bool) -> None:
        """Of the code that is deployed; not of an earlier release, whose menu this tree does not know, and not before
        whitelist and domain are entered on the platform."""
        later = f"python -m infra.within --stage {stage.name} menu publish"
        if is_first or is_earlier:
            self._say(f"菜单没有动；需要时运行 {later}。")
        elif not self._publish_menu():
            raise DeploymentFailed(f"已经部署，菜单没有发布，原因见上。处理后运行 {later}。")


def check_menu(settings: Settings) -> None:
    """Raises BadInput where the platform would refuse the menu: an address that is too long, for one."""
    try:
        default_menu(settings.public_url)
    except ValueError as error:
        raise BadInput(f"菜单不合平台的规定：{error}。请检查 public_url。") from None


def packaged(stage: Stage, package: Path, say: Say, chosen: StageFile) -> None:
    """Make the package unless ``make package`` has just left one of this stage, as it is chosen, there.

    Raises PackagingFailed.
    """
    manifest = package / MANIFEST
    if manifest.exists():
        held = json.loads(manifest.read_text(encoding="utf-8"))
        layers = tuple(each["name"] for each in held.get("layers", ()))
        if (held["stage"], held["architecture"], layers) == (stage.name, chosen.architecture, chosen.layers):
            made = datetime.fromtimestamp(manifest.stat().st_mtime, UTC).astimezone()
            say(f"用 {package} 里打好的包：{made:%Y-%m-%d %H:%M}，{held['runtime']}，{held['architecture']}")
            return
    say(f"没有这个环境的包，先打包（{chosen.architecture}）。")
    make(stage, chosen.architecture, package, interpreter.choose(), wanted_layers=chosen.layers)


def rehearse(stage: Stage, chosen: StageFile, package: Path, say: Say) -> None:
    """The local checks, and what a deployment would do; asks nothing of AWS."""
    check_menu(chosen.check())
    packaged(stage, package, say, chosen)
    say(f"演练：会把 {package} 部署成堆栈 {stage.stack}，密钥取自 Secrets Manager 的 {stage.secret}，参数：")
    for name, value in sorted(chosen.parameters().items()):
        say(f"  {name} = {value}")
    say("步骤：核对密钥 → 上传代码包 → 生成变更集并列出变更 → 确认 → 执行 → 冒烟检查 → 发布菜单。这次什么都没有做。")


def deploy(
    stage: Annotated[str, typer.Option(help="环境名，例如 prod")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只做本机检查，不连 AWS")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问，直接执行")] = False,
    release_id: Annotated[str, typer.Option("--release", help="退回到以前部署过的版本")] = "",
    rollback: Annotated[bool, typer.Option("--rollback", help="退回到上一个版本")] = False,
    releases: Annotated[bool, typer.Option("--releases", help="只列出部署过的版本")] = False,
    package: Annotated[Path, typer.Option(help="打好的包在哪个目录")] = PACKAGE,
) -> None:
    """部署一个环境到当前 AWS 凭证的账号。"""
    from botocore.exceptions import BotoCoreError, ClientError

    def agree(question: str) -> bool:
        return yes or typer.confirm(question)

    try:
        wanted = Stage(stage)
        chosen = stagefile.read(wanted)
        for warning in chosen.warnings():
            typer.echo(f"注意：{warning}", err=True)
        if dry_run:
            return rehearse(wanted, chosen, package, typer.echo)
        chosen.check()
        cloud = this_cloud()

        def publish_menu() -> bool:
            return run_jobs(["menu", "publish"], environment(cloud, wanted, chosen) | acting(cloud)) == 0

        steps = Deployment(cloud, typer.echo, agree, publish_menu=publish_menu)
        if releases:
            return _list(steps, wanted)
        release_id = steps.before(wanted) if rollback else release_id
        if not release_id:
            packaged(wanted, package, typer.echo, chosen)
        steps.run(wanted, chosen, package, release_id, datetime.now(UTC))
    except (BadInput, SettingsError) as error:
        _leave(str(error), 2)
    except Refusal as error:
        _leave(str(error), 1)
    except (BotoCoreError, ClientError) as error:
        _leave(f"AWS 没有办成：{error}。请检查凭证、区域和权限，再运行一次；已完成的步骤不会重复。", 1)


def _list(steps: Deployment, stage: Stage) -> None:
    current = steps.current(stage)
    for when, release_id in steps.releases(stage):
        typer.echo(f"{release_id}  {chinese_time(when)}{'  现在' if release_id == current else ''}")


def _leave(text: str, code: int) -> None:
    typer.echo(text, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(deploy)
