NAME = ""
TOOL = EXPORT = NOT_READ = ""


def detect(sample):
    return False


def read(records, builder): ...
def companions(path):
    return []
