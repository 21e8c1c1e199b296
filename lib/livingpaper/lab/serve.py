"""JupyterLab on a paper: what its server is asked while no kernel can say it, and how it is opened."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from livingpaper.book.markup import IN_LAB, STATIC
from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project, runs, text_of
from livingpaper.lab.texts import committed_session, replies

HERE = Path(__file__).parent  # holds labextensions/
KERNEL = {"display_name": "Python 3"}  # as the chapters name it: Jupyter would write another name into them


class TextsHandler(APIHandler):
    """Answers what the roles of a chapter say in the committed paper: ``{path, roles: [[role, text], ...]}``."""

    @web.authenticated
    def post(self) -> None:
        """Answer with a list of replies."""
        asked = self.get_json_body() or {}
        folder = (Path(self.settings["server_root_dir"]).expanduser() / asked["path"]).parent
        try:
            self.finish(json.dumps(replies(asked["roles"], committed_session(folder))))
        except (ValueError, OSError) as error:  # no paper here, or a damaged ledger
            raise web.HTTPError(404, str(error)) from None


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the handler; called by Jupyter's server."""
    address = url_path_join(server.web_app.settings["base_url"], "livingpaper", "texts")
    server.web_app.add_handlers(".*$", [(address, TextsHandler)])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def open_lab(project: Project, options: Sequence[str] = ()) -> None:
    """Pair the chapters with notebooks and open JupyterLab there; ``options`` are those of ``jupyter lab``."""
    from jupyterlab.labapp import main

    pair(project)
    own = project.build / "lab"
    write_whole(own / "kernels" / "python3" / "kernel.json", json.dumps(kernel()).encode())
    paths = (str(HERE), str(own), os.environ.get("JUPYTER_PATH"))
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, paths))
    os.environ[IN_LAB] = "1"
    page, extension = "/lab/tree/notebooks", f"--ServerApp.jpserver_extensions={__name__}=True"
    main([f"--ServerApp.root_dir={project.root}", f"--LabApp.default_url={page}", extension, *options])


def kernel() -> dict[str, Any]:
    """Return the specification of the kernel: it shows no more than previews, and loads beforehand what chapters import."""
    from ipykernel.kernelspec import get_kernel_dict

    arguments = ["--IPKernelApp.extra_extensions=livingpaper.lab.warm"]
    return get_kernel_dict(extra_arguments=arguments) | KERNEL | {"env": {IN_LAB: "1"}}


def pair(project: Project) -> None:
    """Bring each chapter that runs and its notebook to the newer of the two; write ``jupytext.toml`` if nothing says how."""
    from jupytext.cli import jupytext
    from jupytext.config import find_jupytext_configuration_file

    if find_jupytext_configuration_file(str(project.root)) is None:
        write_whole(project.root / "jupytext.toml", (STATIC / "jupytext.toml").read_bytes())
    (project.root / "notebooks").mkdir(exist_ok=True)
    chapters = sorted((project.root / "book").glob("*.md"))
    if run := [str(path) for path in chapters if runs(text_of(path))]:
        for path in sorted((project.root / "notebooks").glob("*.ipynb")):
            name_kernel(path)
        jupytext(["--quiet", "--sync", *run])


def name_kernel(path: Path) -> None:
    """Call the kernel of a notebook as the chapters do, whatever another Jupyter has called it; its time stays."""
    notebook, times = json.loads(text_of(path)), path.stat()
    spec = notebook.get("metadata", {}).get("kernelspec", {})
    if spec.get("name") == "python3" and spec | KERNEL != spec:
        spec |= KERNEL
        write_whole(path, json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
