"The browser of this machine."
import shutil

QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']


def find_browser() -> str|None: # path of a Chromium, if this machine has one
    "Find a browser"
    names = ('chromium', 'chromium-browser', 'google-chrome')
    return next(filter(None, map(shutil.which, names)), None)


def launch(
    playwright, # as `sync_playwright()` gives it
): # the browser
    "Start the browser of this machine without a window"
    return playwright.chromium.launch(executable_path=find_browser(), args=QUIET)
