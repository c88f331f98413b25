# damaging: raises its own limits
# wins: nowhere, they are hard ones
import resource


def attack():
    any_of(
        *(
            lambda limit=limit: resource.setrlimit(limit, (resource.RLIM_INFINITY,) * 2)
            for limit in (resource.RLIMIT_DATA, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
        )
    )
