"""What is made, one folder a stage: reports -> warehouse -> outlook -> delivery. Plain functions; no scheduling."""
