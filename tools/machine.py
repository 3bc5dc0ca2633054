"How slow this machine is, so that time-outs end a hang and nothing else."
from functools import cache
from time import perf_counter

REFERENCE = 0.5 # seconds that `seconds_of_work` took on the machine for which the limits were chosen


def seconds_of_work() -> float: # seconds
    "Time a fixed convolution, forward and backward, on one core; importing torch takes longer than that"
    import torch
    from torch.nn.functional import conv2d
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    images, weights = torch.ones(4, 32, 96, 96), torch.ones(32, 32, 3, 3, requires_grad=True)
    conv2d(images, weights, padding=1).mean().backward() # the first call also prepares
    start = perf_counter()
    for _ in range(30):
        conv2d(images, weights, padding=1).mean().backward()
    torch.set_num_threads(threads)
    return perf_counter() - start


@cache
def slowness() -> float: # 1 or more
    "How many times as long as on the reference machine something takes here and now"
    return max(1., seconds_of_work()/REFERENCE)


if __name__ == '__main__':
    print(f'{seconds_of_work():.2f} s of work, {REFERENCE} s on the reference machine')
