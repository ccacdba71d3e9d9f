from whypath.cli import main

main()
